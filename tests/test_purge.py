"""The purge: key first, then the files, then the proof; only the encrypted piece index lives on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mailround import purge as module
from mailround.context import INDEX_KEY, PASSWORD, ROUND_KEY, RoundContext, load_round
from mailround.errors import CountMismatchError, GateClosedError, VaultError, WorkspaceError
from mailround.kept_templates import templates_path
from mailround.model import Recipient
from mailround.purge import index_path, lost_export, purge, read_index
from mailround.register.entries import Extracted, Purged, standing
from mailround.seal import package_path
from prepared import AT, CANARY, CHUNK, hand_over, numbered, post, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]
LEFT = (
    "data/index/2026-11-change.age",
    "outbox/2026-11-change/evidence/templates.jsonl",
    "outbox/2026-11-change/package/manifest.json",
    "vault/2026-11-change/index-key",
)


def posted(opened: RoundContext, make_recipient: Maker) -> None:
    print_round(opened, make_recipient)
    hand_over(opened)
    post(opened)


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    """A round that is posted; its password was never printed, so that it is left over."""
    return round_after(posted)


def files(*roots: Path) -> set[str]:
    return {path.relative_to(root.parent).as_posix() for root in roots for path in root.rglob("*") if path.is_file()}


def test_only_the_index_its_key_the_manifest_and_the_templates_are_left(work: RoundContext) -> None:
    settings = work.settings
    purge(work, at=AT)
    assert files(settings.data, settings.outbox, settings.vault) == set(LEFT)
    assert not (settings.data / work.round_id).exists()
    assert not package_path(settings, work.round_id).exists()
    assert [work.vault.holds(work.round_id, name) for name in (ROUND_KEY, PASSWORD, INDEX_KEY)] == [False, False, True]


def test_what_a_killed_plan_left_of_the_templates_goes_too(work: RoundContext) -> None:
    kept = templates_path(work.settings, work.round_id)
    half = kept.with_name(f".{kept.name}.0123456789abcdef.partial")
    half.write_bytes(b"half of")
    purge(work, at=AT)
    assert not half.exists()
    assert kept.is_file()


def test_the_entry_says_what_was_destroyed_and_what_is_left(work: RoundContext) -> None:
    before = len(files(work.settings.data, work.settings.outbox)) - 2  # the manifest and the templates stay
    purge(work, at=AT)
    [entry] = standing(work.entries, Purged)
    assert entry == Purged(files=before, keys=("round-key", "package-password"), remaining=LEFT, exports=0)


def test_the_plain_export_its_copies_and_their_control_files_leave_the_inbox(work: RoundContext) -> None:
    export = work.settings.inbox / work.opened.source
    raw = record_extracted(work)
    (work.settings.inbox / "old").mkdir()
    copies = [work.settings.inbox / name for name in (".hidden", "old/renamed.txt")]
    controls = [export.with_name(f"{name}.control.json") for name in (export.name, "renamed.txt")]
    others = [work.settings.inbox / name for name in ("next-round.csv", "next-round.csv.control.json")]
    for copy in copies:
        copy.write_bytes(raw)
    for control in controls:
        control.write_text(json.dumps({"sha256": hashlib.sha256(raw).hexdigest()}))
    others[0].write_bytes(b"x" * len(raw))
    others[1].write_text(json.dumps({"sha256": hashlib.sha256(b"x" * len(raw)).hexdigest()}))
    purge(work, at=AT)
    assert {path for path in work.settings.inbox.rglob("*") if path.is_file()} == set(others)
    [entry] = standing(work.entries, Purged)
    assert entry.exports == 3
    assert lost_export(work) is None


def test_an_export_that_was_read_and_then_replaced_leaves_too(work: RoundContext) -> None:
    first = record_extracted(work)
    (work.settings.inbox / work.opened.source).write_bytes(b"the corrected one")
    record_extracted(work)
    (work.settings.inbox / "the-faulty-one.csv").write_bytes(first)
    purge(work, at=AT)
    assert list(work.settings.inbox.iterdir()) == []


def test_another_export_under_the_same_name_is_left_alone(work: RoundContext) -> None:
    export = work.settings.inbox / work.opened.source
    raw = record_extracted(work)
    export.write_bytes(raw[::-1])
    purge(work, at=AT)
    assert export.read_bytes() == raw[::-1]


def test_an_export_that_is_not_where_it_was_put_is_told_of(work: RoundContext, tmp_path: Path) -> None:
    """Moved out of the inbox; a link to it is not followed, for the purge deletes nothing elsewhere."""
    raw = record_extracted(work)
    moved = (work.settings.inbox / work.opened.source).rename(tmp_path / "moved.csv")
    (work.settings.inbox / work.opened.source).symlink_to(moved)
    purge(work, at=AT)
    assert moved.read_bytes() == raw
    told = lost_export(work)
    assert told is not None
    assert work.round_id in told[0]
    assert "見つかりませんでした" in told[1]
    assert "対応：" in told[1]


def test_a_purge_by_an_earlier_version_did_not_count_and_is_not_told_of(work: RoundContext) -> None:
    record(work, Purged(files=1, keys=("round-key",), remaining=()))
    assert lost_export(work) is None


def record_extracted(work: RoundContext) -> bytes:
    """Record that the export that lies in the inbox was read; return its bytes."""
    path = work.settings.inbox / work.opened.source
    path.write_bytes(path.read_bytes() or "カナ,漢字".encode("cp932"))
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    record(work, Extracted(rows=7, bytes=len(raw), sha256=digest, total_after=0, unknown_headers=0))
    return raw


def test_a_purge_killed_inside_the_destruction_of_the_key_is_finished_by_the_next(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = Path.unlink

    def killed(path: Path, missing_ok: bool = False) -> None:
        if ROUND_KEY in path.name and path.parent.parent == work.settings.vault:
            raise KeyboardInterrupt
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", killed)
    with pytest.raises(KeyboardInterrupt):
        purge(work, at=AT)
    monkeypatch.undo()
    purge(work, at=AT)
    assert files(work.settings.data, work.settings.outbox, work.settings.vault) == set(LEFT)


def test_the_index_finds_the_case_of_a_returned_piece(work: RoundContext) -> None:
    purge(work, at=AT)
    assert read_index(work) == {numbered(seq): f"{seq:07d}" for seq in range(1, 8)}
    assert b"PA000001V" not in index_path(work.settings, work.round_id).read_bytes()


def test_a_copy_of_a_workspace_file_is_unreadable_afterwards(work: RoundContext, tmp_path: Path) -> None:
    copied = (work.settings.data / work.round_id / "plan" / "chunk-001.age").read_bytes()
    assert CANARY in work.workspace.read("plan/chunk-001").decode()
    purge(work, at=AT)
    with pytest.raises(VaultError, match="廃棄済み"):
        load_round(work.settings, work.round_id).workspace  # noqa: B018 - opening it is the question
    assert CANARY.encode() not in copied


def test_nothing_is_purged_before_the_posting_is_recorded(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient)
    hand_over(work)
    before = files(work.settings.data, work.settings.outbox, work.settings.vault)
    with pytest.raises(GateClosedError, match="発送の記録"):
        purge(work, at=AT)
    assert files(work.settings.data, work.settings.outbox, work.settings.vault) == before


def test_a_second_purge_records_nothing_new(work: RoundContext) -> None:
    purge(work, at=AT)
    purge(load_round(work.settings, work.round_id), at=AT)
    assert len(standing(work.entries, Purged)) == 1
    assert len(read_index(work)) == 7


@pytest.mark.parametrize("step", ["_write_index", "read_index", "erase", "delete", "require_only", "register"])
def test_a_purge_killed_at_any_step_is_finished_by_the_next(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The step is carried out and then the process dies."""

    def dies(*arguments: object, **options: object) -> None:
        real(*arguments, **options)
        raise KeyboardInterrupt

    owner, name = (type(work.register), "append") if step == "register" else (module, step)
    real = getattr(owner, name)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(KeyboardInterrupt):
            purge(work, at=AT)
    purge(load_round(work.settings, work.round_id), at=AT)
    assert files(work.settings.data, work.settings.outbox, work.settings.vault) == set(LEFT)
    assert len(standing(work.entries, Purged)) == 1
    assert len(read_index(work)) == 7


def test_what_killed_writers_left_is_purged_too(work: RoundContext) -> None:
    settings, round_id = work.settings, work.round_id
    package = package_path(settings, round_id)
    index = index_path(settings, round_id)
    index.parent.mkdir(mode=0o700)
    for path in (package, index, settings.data / round_id / "records.age", settings.vault / round_id / "round-key"):
        path.with_name(f".{path.name}.0123.partial").write_bytes(b"an encrypted copy")
    purge(work, at=AT)
    assert files(settings.data, settings.outbox, settings.vault) == set(LEFT)


@pytest.mark.parametrize(
    "stray",
    [
        "data/2026-11-change.csv",
        "data/copies/2026-11-change/髙﨑.csv",
        "outbox/2026-11-change/copy.zip",
        "outbox/backup/2026-11-change.zip",
        "vault/2026-11-change/copy-of-the-key",
        "vault/.2026-11-change.old/key",
    ],
)
def test_a_file_that_is_left_anywhere_stops_the_round(work: RoundContext, tmp_path: Path, stray: str) -> None:
    record_extracted(work)
    (tmp_path / stray).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / stray).write_bytes(b"")
    with pytest.raises(WorkspaceError, match=f"{stray.partition('/')[0]} 1件") as left:
        purge(work, at=AT)
    assert "髙" not in str(left.value)
    assert standing(work.entries, Purged) == []
    (tmp_path / stray).unlink()
    purge(work, at=AT)
    [entry] = standing(work.entries, Purged)
    assert entry.exports == 1, "not told to be lost because the first try had deleted it"


def test_another_round_with_a_like_name_is_left_alone(
    work: RoundContext, open_a_round: Opener, make_recipient: Maker
) -> None:
    other = open_a_round(round_id="2026-11-change2")
    print_round(other, make_recipient, pieces=2)
    hand_over(other)
    purge(work, at=AT)
    assert CANARY in other.workspace.read("plan/chunk-001").decode()
    assert package_path(other.settings, other.round_id).exists()


def test_an_index_that_lacks_a_piece_destroys_nothing(work: RoundContext) -> None:
    first, *rest = work.workspace.read_records("plan/chunk-001", CHUNK)
    work.workspace.write_records("plan/chunk-001", CHUNK, (first, *rest[:-1]))
    with pytest.raises(CountMismatchError, match="6と7"):
        purge(work, at=AT)
    assert work.vault.holds(work.round_id, ROUND_KEY)
    assert package_path(work.settings, work.round_id).exists()


def test_a_lost_index_is_told_not_hidden(work: RoundContext) -> None:
    purge(work, at=AT)
    index_path(work.settings, work.round_id).unlink()
    with pytest.raises(VaultError, match="封書索引"):
        read_index(work)
    with pytest.raises(VaultError, match="封書索引"):
        purge(work, at=AT)


def test_a_round_planned_by_an_earlier_version_is_purged(open_a_round: Opener, make_recipient: Maker) -> None:
    """Its pieces say less, or other things: the index asks for the piece's number and the case's only."""
    work = open_a_round()
    print_round(work, make_recipient)
    hand_over(work)
    post(work)
    for name in work.workspace.names("plan"):
        if name.startswith("plan/chunk"):
            pieces = json.loads(work.workspace.read(name))
            for piece in pieces:
                del piece["to"]
                piece["what_another_version_knew"] = 1
            work.workspace.write(name, json.dumps(pieces).encode())
    purge(work, at=AT)
    assert len(read_index(work)) == 7
