"""The workspace: nothing readable on the disk, nothing readable without the key."""

from __future__ import annotations

import hashlib
import io
import secrets
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mailround.errors import WorkspaceError
from mailround.model import Recipient
from mailround.workspace import Workspace

RECORDS = TypeAdapter(tuple[Recipient, ...])
NAMES = ("髙﨑　𠮷郎", "渡邊󠄆　はじめ", "Nguyễn Văn An", "マリア・デ・ラ・クルス", "O'Neil & Sons", "㈱ＡＢＣ～①")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "data" / "2026-11-change", Workspace.new_key())


def test_what_is_written_reads_back(workspace: Workspace) -> None:
    workspace.write("plan/chunk-001", b"first")
    workspace.write("plan/chunk-001", b"second")
    assert workspace.read("plan/chunk-001") == b"second"


def test_records_keep_every_character_of_every_name(
    workspace: Workspace, make_recipient: Callable[..., Recipient]
) -> None:
    records = tuple(make_recipient(record_no=number, name=name) for number, name in enumerate(NAMES, start=1))
    workspace.write_records("records", RECORDS, records)
    assert workspace.read_records("records", RECORDS) == records


@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200_000))
def test_any_bytes_read_back(workspace: Workspace, content: bytes) -> None:
    workspace.write("original", content)
    assert workspace.read("original") == content


def test_the_plaintext_is_never_on_the_disk(
    workspace: Workspace, make_recipient: Callable[..., Recipient], tmp_path: Path
) -> None:
    for name in NAMES:
        workspace.write_records("records", RECORDS, (make_recipient(name=name),))
        for path in tmp_path.rglob("*"):
            assert name not in path.name
            if path.is_file():
                content = path.read_bytes()
                assert name.encode("utf-8") not in content
                assert b"0000001" not in content


def test_folders_and_files_are_closed_to_everybody_else(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write("plan/deep/chunk-001", b"")
    made = list((tmp_path / "data").rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}
    folders = [path for path in (tmp_path / "data", *made) if path.is_dir()]
    assert len(folders) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_another_key_reads_nothing(workspace: Workspace) -> None:
    workspace.write("records", b"secret")
    with pytest.raises(WorkspaceError, match="鍵の不一致"):
        Workspace(workspace.root, Workspace.new_key()).read("records")


@pytest.mark.parametrize("place", [0, 40, 120, -1])
def test_a_damaged_file_is_refused_not_half_read(workspace: Workspace, place: int) -> None:
    workspace.write("records", b"x" * 1000)
    path = workspace.root / "records.age"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match="復号できません"):
        workspace.read("records")


@pytest.mark.parametrize("length", [0, 10, 500])
def test_a_cut_off_file_is_refused(workspace: Workspace, length: int) -> None:
    workspace.write("records", b"x" * 1000)
    path = workspace.root / "records.age"
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(WorkspaceError, match="復号できません"):
        workspace.read("records")


def test_a_missing_file_is_named(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="「quality/report」がありません"):
        workspace.read("quality/report")


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../records", "a/../b", "a//b", "a/", ".hidden", "A", "髙﨑", "a b", "a\n", "a\0b", "a..b"],
)
def test_a_name_that_is_not_neutral_is_refused(workspace: Workspace, name: str) -> None:
    for use in (workspace.read, lambda name: workspace.write(name, b"")):
        with pytest.raises(WorkspaceError, match="規則"):
            use(name)
    assert not workspace.root.exists()


def test_names_lists_what_is_there_and_no_partial(workspace: Workspace) -> None:
    assert workspace.names() == ()
    for name in ("records", "plan/chunk-002", "plan/chunk-001"):
        workspace.write(name, b"")
    (workspace.root / "plan" / ".chunk-003.age.0.partial").write_bytes(b"")
    assert workspace.names() == ("plan/chunk-001", "plan/chunk-002", "records")
    assert workspace.names("plan") == ("plan/chunk-001", "plan/chunk-002")


def test_derived_bytes_follow_from_key_and_label_only(workspace: Workspace, tmp_path: Path) -> None:
    key = Workspace.new_key()
    one, other = Workspace(tmp_path / "a", key), Workspace(tmp_path / "b", key)
    assert one.derive("piece 1") == other.derive("piece 1")
    assert len({one.derive("piece 1"), one.derive("piece 2"), workspace.derive("piece 1")}) == 3
    assert len(one.derive("")) == 32


def test_destroying_leaves_no_file_and_counts_them(workspace: Workspace) -> None:
    workspace.write("records", b"")
    workspace.write("plan/chunk-001", b"")
    (workspace.root / ".records.age.0.partial").write_bytes(b"")
    assert workspace.destroy() == 3
    assert not workspace.root.exists()
    assert workspace.destroy() == 0


def test_records_of_another_version_are_told_without_a_value(tmp_path: Path) -> None:
    space = Workspace(tmp_path / "round", Workspace.new_key())
    space.write("records", '["髙﨑　伽奈利亜"]'.encode())
    with pytest.raises(WorkspaceError) as caught:
        space.read_records("records", TypeAdapter(tuple[int, ...]))
    assert "伽奈利亜" not in "".join(traceback.format_exception(caught.value))


NUMBERS = TypeAdapter(tuple[int, ...])


@pytest.mark.parametrize(("count", "block"), [(0, 3), (1, 3), (3, 3), (7, 3), (7, 1), (7, 100)])
def test_a_stream_reads_back_in_its_order(workspace: Workspace, count: int, block: int) -> None:
    written, read = workspace.write_stream("records", NUMBERS, iter(range(count)), block), hashlib.sha256()
    assert list(workspace.read_stream("records", NUMBERS, read)) == list(range(count))
    assert written == (read.hexdigest() if count else "")
    assert list(workspace.read_stream("records", NUMBERS)) == list(range(count))


def test_a_stream_that_is_cut_anywhere_is_refused(workspace: Workspace) -> None:
    workspace.write_stream("records", NUMBERS, range(5), 2)
    path = workspace.root / "records.age"
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(WorkspaceError, match="「records」"):
            next(workspace.read_stream("records", NUMBERS))


@pytest.mark.parametrize("place", [0, 3, 40, 300, -1])
def test_a_damaged_stream_is_refused(workspace: Workspace, place: int) -> None:
    workspace.write_stream("records", NUMBERS, range(5), 2)
    path = workspace.root / "records.age"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(WorkspaceError, match="「records」"):
        list(workspace.read_stream("records", NUMBERS))


def test_a_file_that_is_no_stream_is_told_without_a_value(workspace: Workspace) -> None:
    workspace.write("records", '["髙﨑　伽奈利亜"]'.encode())
    with pytest.raises(WorkspaceError, match="この版と合いません"):
        list(workspace.read_stream("records", NUMBERS))
    workspace.write_stream("records", TypeAdapter(tuple[str, ...]), ["髙﨑　伽奈利亜"], 1)
    with pytest.raises(WorkspaceError, match="この版と合いません") as caught:
        list(workspace.read_stream("records", NUMBERS))
    assert "伽奈利亜" not in "".join(traceback.format_exception(caught.value))


def test_a_missing_stream_is_named(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match="「records」がありません"):
        list(workspace.read_stream("records", NUMBERS))


def test_a_stream_that_is_replaced_while_it_is_read_ends_as_it_began(workspace: Workspace) -> None:
    workspace.write_stream("records", NUMBERS, range(5), 2)
    found = workspace.read_stream("records", NUMBERS)
    first = next(found)
    workspace.write_stream("records", NUMBERS, range(100, 101), 2)
    assert [first, *found] == [0, 1, 2, 3, 4]


def test_deleting_takes_one_file_and_is_content_when_there_is_none(workspace: Workspace) -> None:
    for name in ("plan/chunk-001", "plan/chunk-002"):
        workspace.write(name, b"")
    for _ in range(2):
        workspace.delete("plan/chunk-002")
    assert workspace.names() == ("plan/chunk-001",)


def test_a_file_is_taken_in_block_by_block_and_hashed(workspace: Workspace, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4_000
    most = 0

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal most
            block = super().read(size)
            most = max(most, len(block))
            return block

    assert workspace.write_from("original", Watched(content)) == hashlib.sha256(content).hexdigest()
    assert workspace.read("original") == content
    assert most < len(content) // 4
    assert content[:64] not in next(tmp_path.rglob("original.age")).read_bytes()


def test_a_file_that_cannot_be_read_to_its_end_leaves_the_earlier_one(workspace: Workspace) -> None:
    class Torn(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell():
                raise OSError("disk")
            return super().read(size)

    workspace.write("original", b"earlier")
    with pytest.raises(pyrage.EncryptError, match="disk"):
        workspace.write_from("original", Torn(b"x" * 1_000_000))
    assert workspace.read("original") == b"earlier"


def test_blocks_come_back_as_they_were_written_and_a_file_that_is_not_finished_changes_nothing(
    workspace: Workspace,
) -> None:
    blocks = [b"first", b"", secrets.token_bytes(100_000)]
    with workspace.write_blocks("blocks") as write:
        for block in blocks:
            write(block)

    def cut_off() -> None:
        with workspace.write_blocks("blocks") as write:
            write(b"other")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut_off()
    assert list(workspace.read_blocks("blocks")) == blocks
    assert workspace.names() == ("blocks",)
