"""The vault: a secret is written once, opened while it exists, and gone when destroyed."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from mailround.errors import VaultError
from mailround.vault import Vault

ROUND = "2026-11-change"
SECRET = b"ABCDEFGHJKLMNPQRSTUV"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path / "vault", tmp_path / "identity" / "vault-identity")


def test_a_secret_reads_back(vault: Vault) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    assert vault.holds(ROUND, "round-key")
    assert vault.open(ROUND, "round-key") == SECRET


def test_a_secret_is_never_replaced(vault: Vault) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    with pytest.raises(VaultError, match="既にあります"):
        vault.keep(ROUND, "round-key", b"another")
    assert vault.open(ROUND, "round-key") == SECRET


def test_everything_is_closed_to_everybody_else(vault: Vault, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        vault.keep(ROUND, "round-key", SECRET)
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_the_secret_is_never_on_the_disk_in_plain(vault: Vault, tmp_path: Path) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET in path.read_bytes()]


def test_a_destroyed_secret_is_overwritten_gone_and_may_not_be_opened(vault: Vault, tmp_path: Path) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    kept = tmp_path / "another-name-of-the-same-file"
    kept.hardlink_to(tmp_path / "vault" / ROUND / "round-key")
    assert vault.destroy(ROUND, "round-key")
    assert set(kept.read_bytes()) == {0}
    assert not vault.holds(ROUND, "round-key")
    with pytest.raises(VaultError, match="廃棄済み"):
        vault.open(ROUND, "round-key")
    assert not vault.destroy(ROUND, "round-key")
    assert not (tmp_path / "vault" / ROUND).exists()


def test_destroying_one_secret_leaves_the_others(vault: Vault) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    vault.keep(ROUND, "index-key", b"other")
    vault.keep("2026-11-other", "round-key", b"third")
    vault.destroy(ROUND, "round-key")
    assert vault.open(ROUND, "index-key") == b"other"
    assert vault.open("2026-11-other", "round-key") == b"third"


def test_destroying_removes_what_a_killed_writer_left(vault: Vault, tmp_path: Path) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    folder = tmp_path / "vault" / ROUND
    (folder / ".round-key.0123.partial").write_bytes(b"an encrypted copy")
    vault.destroy(ROUND, "round-key")
    assert not folder.exists()


def test_a_destruction_killed_half_way_is_finished_by_the_next(vault: Vault, tmp_path: Path) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    (tmp_path / "vault" / ROUND / "round-key").write_bytes(b"\0" * 200)
    with pytest.raises(VaultError):
        vault.open(ROUND, "round-key")
    assert vault.destroy(ROUND, "round-key")
    assert not vault.holds(ROUND, "round-key")


def test_another_identity_opens_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    other = Vault(tmp_path / "other", tmp_path / "other-identity")
    other.keep(ROUND, "round-key", SECRET)
    with pytest.raises(VaultError, match="鍵庫の不一致"):
        Vault(tmp_path / "vault", tmp_path / "other-identity").open(ROUND, "round-key")


@pytest.mark.parametrize("content", [None, b"", b"AGE-SECRET-KEY-1NOTHING", b"\xff\xfe"])
def test_a_lost_or_damaged_identity_is_told_and_never_made_anew(
    vault: Vault, tmp_path: Path, content: bytes | None
) -> None:
    vault.keep(ROUND, "round-key", SECRET)
    identity = tmp_path / "identity" / "vault-identity"
    identity.unlink()
    if content is not None:
        identity.write_bytes(content)
    for use in (lambda: vault.open(ROUND, "round-key"), lambda: vault.keep(ROUND, "second", b"")):
        with pytest.raises(VaultError, match="識別鍵を読めません"):
            use()
    assert identity.exists() == (content is not None)


@pytest.mark.parametrize("round_id", ["", "..", ".", "2026-11-change/..", "/etc", "2026-11-change\n", "2026-11-CHANGE"])
def test_a_round_id_out_of_rule_is_refused(vault: Vault, tmp_path: Path, round_id: str) -> None:
    with pytest.raises(VaultError, match="規則"):
        vault.keep(round_id, "round-key", SECRET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "../x", "Key", "a\n", "髙"])
def test_a_name_out_of_rule_is_refused(vault: Vault, name: str) -> None:
    for use in (vault.open, vault.holds, vault.destroy):
        with pytest.raises(VaultError, match="規則"):
            use(ROUND, name)


def _keep(root: Path, identity: Path, number: int) -> None:
    Vault(root, identity).keep(f"2026-11-r{number}", "round-key", SECRET)


def test_first_secrets_kept_at_the_same_time_share_one_identity(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    keepers = [
        context.Process(target=_keep, args=(tmp_path / "vault", tmp_path / "identity", number)) for number in range(4)
    ]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join(30)
    assert [keeper.exitcode for keeper in keepers] == [0] * 4
    vault = Vault(tmp_path / "vault", tmp_path / "identity")
    assert {vault.open(f"2026-11-r{number}", "round-key") for number in range(4)} == {SECRET}
