"""The key that signs checkpoints: an Ed25519 key in a file of its own, made once and recorded when it is made.

Its fingerprint, written down where nobody who can write to the register can change it, is what every checkpoint rests
on: the register's own word for its key would be as easy to forge as the register.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mailround.errors import VaultError
from mailround.private_files import write_new
from mailround.register.entries import HOUSE, CheckpointKeyMade, latest
from mailround.register.store import Register

_KEEP = "保管してある署名鍵のファイルを元の場所へ戻してください。"
_RETIRE = "なくしたか漏れた場合は、手引きの「検証点」のとおり、鍵の記録を訂正してから作り直します。"


def fingerprint(public: Ed25519PublicKey) -> str:
    """Return what names a key on paper: the first 128 bits of its SHA-256, in hexadecimal."""
    return hashlib.sha256(public.public_bytes_raw()).hexdigest()[:32]


def make_key(register: Register, file: Path, *, at: datetime) -> str:
    """Make and record the key when the register knows none, and return the fingerprint of the one it knows.

    A file that a killed call left without its entry is the key that is recorded.

    Args:
        register: The register, migrated.
        file: Where the private key is kept, mode 0600.
        at: When, timezone-aware.

    Raises:
        VaultError: The register knows a key and the file is gone, damaged or another one's; or it is one that was given
            up by a correction. A key is never made in the place of a lost one: that would hide the loss.
    """
    entries = register.entries(HOUSE)
    if latest(entries, CheckpointKeyMade):
        return fingerprint(open_key(register, file).public_key())
    if not file.exists():
        with suppress(FileExistsError):  # another process made it just now
            write_new(file, _pem(Ed25519PrivateKey.generate()))
    public = _read(file).public_key()
    name = fingerprint(public)
    if name in {entry.body.fingerprint for entry in entries if isinstance(entry.body, CheckpointKeyMade)}:
        raise VaultError(
            "署名鍵のファイルにあるのは、訂正の記録で使うのをやめた鍵です。",
            "そのファイルを別の場所へ移してから、もう一度 `mailround register migrate` を実行してください。",
        )
    made = CheckpointKeyMade(public_key=public.public_bytes_raw().hex(), fingerprint=name)
    register.append(made, round_id=HOUSE, actor="mailround", at=at)
    return name


def open_key(register: Register, file: Path) -> Ed25519PrivateKey:
    """Return the private key that the register knows.

    Raises:
        VaultError: The register knows none, or the file is gone, damaged or another one's.
    """
    known = latest(register.entries(HOUSE), CheckpointKeyMade)
    if known is None:
        raise VaultError("管理簿に署名鍵の記録がありません。", "`mailround register migrate` を実行してください。")
    key = _read(file)
    if fingerprint(key.public_key()) != known.fingerprint:
        raise VaultError("署名鍵のファイルが、管理簿に記録した鍵のものではありません。", _KEEP + _RETIRE)
    return key


def _read(file: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise VaultError("署名鍵のファイルを読めません（ないか、壊れているか、権限がありません）。", _KEEP + _RETIRE)
    return key


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
