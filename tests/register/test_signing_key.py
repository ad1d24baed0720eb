"""The signing key is made once, recorded, private, and never made anew in the place of a lost one."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from mailround.errors import VaultError
from mailround.register.entries import HOUSE, CheckpointKeyMade, Correction
from mailround.register.signing_key import fingerprint, make_key, open_key
from mailround.register.store import Register

AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vault" / "checkpoint-key"


def pem(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def give_up(register: Register, seq: int) -> None:
    register.append(Correction(corrects=seq, reason="鍵の交換"), round_id=HOUSE, actor="officer", at=AT)


def test_the_key_is_made_once_private_and_recorded(register: Register, file: Path) -> None:
    made = make_key(register, file, at=AT)
    written = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert make_key(register, file, at=AT) == made == fingerprint(open_key(register, file).public_key())
    assert file.read_bytes() == written
    [entry] = register.entries()
    assert isinstance(entry.body, CheckpointKeyMade)
    assert (entry.round_id, entry.actor, entry.body.fingerprint) == (HOUSE, "mailround", made)
    public = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry.body.public_key))
    assert fingerprint(public) == made


def test_the_register_never_holds_the_private_key(register: Register, file: Path) -> None:
    make_key(register, file, at=AT)
    private = open_key(register, file).private_bytes_raw().hex()
    assert private not in register.entries()[0].text


def test_a_file_that_a_killed_call_left_is_the_key_that_is_recorded(register: Register, file: Path) -> None:
    file.parent.mkdir()
    key = ed25519.Ed25519PrivateKey.generate()
    file.write_bytes(pem(key))
    assert make_key(register, file, at=AT) == fingerprint(key.public_key())


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (None, "署名鍵のファイルを読めません"),
        (b"", "署名鍵のファイルを読めません"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "署名鍵のファイルを読めません"),
        (pem(ed25519.Ed25519PrivateKey.generate(), b"secret"), "署名鍵のファイルを読めません"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "署名鍵のファイルを読めません"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "管理簿に記録した鍵のものではありません"),
    ],
    ids=["gone", "empty", "damaged", "locked", "of another kind", "another"],
)
def test_a_lost_key_is_told_and_never_made_anew(register: Register, file: Path, left: bytes | None, told: str) -> None:
    make_key(register, file, at=AT)
    file.unlink()
    if left is not None:
        file.write_bytes(left)
    for use in (lambda: make_key(register, file, at=AT), lambda: open_key(register, file)):
        with pytest.raises(VaultError, match=told):
            use()
    assert len(register.entries()) == 1
    assert (file.read_bytes() if file.exists() else None) == left


def test_a_key_that_a_correction_gave_up_is_followed_by_a_new_one(register: Register, file: Path) -> None:
    first = make_key(register, file, at=AT)
    give_up(register, 1)
    with pytest.raises(VaultError, match="使うのをやめた鍵"):
        make_key(register, file, at=AT)
    file.rename(file.with_name("old"))
    second = make_key(register, file, at=AT)
    assert second != first
    assert [entry.body.kind for entry in register.entries()] == [
        "checkpoint_key_made",
        "correction",
        "checkpoint_key_made",
    ]


def test_without_a_recorded_key_nothing_is_signed(register: Register, file: Path) -> None:
    with pytest.raises(VaultError, match="`mailround register migrate`"):
        open_key(register, file)
