"""The kept templates of a round: proven by the register's digest, and refused when they are not those."""

from __future__ import annotations

import hashlib

import pytest

from mailround.errors import WorkspaceError
from mailround.kept_templates import keep_templates, read_templates, templates_path
from mailround.private_files import read
from mailround.settings import Settings
from mailround.templates import digest
from printing import ROUND, templates, with_seal


@pytest.mark.parametrize("kept", [templates(), templates("asset_declaration"), with_seal()])
def test_what_is_read_is_what_was_kept_to_the_image_of_the_seal(settings: Settings, kept: dict) -> None:  # type: ignore[type-arg]
    for _ in range(2):
        keep_templates(settings, ROUND, kept)
    assert read_templates(settings, ROUND, digest(kept)) == kept


def test_the_files_own_digest_is_the_registers(settings: Settings) -> None:
    keep_templates(settings, ROUND, with_seal())
    content = read(templates_path(settings, ROUND))
    assert hashlib.sha256(content).hexdigest() == digest(with_seal())
    assert templates_path(settings, ROUND).stat().st_mode & 0o077 == 0


def test_where_nothing_was_kept_there_is_none(settings: Settings) -> None:
    assert read_templates(settings, ROUND, digest(templates())) is None


def test_a_file_that_was_altered_is_refused(settings: Settings) -> None:
    keep_templates(settings, ROUND, templates())
    path = templates_path(settings, ROUND)
    path.write_bytes(path.read_bytes().replace("3か月以内".encode(), "6か月以内".encode()))
    with pytest.raises(WorkspaceError, match="管理簿に記録した様式と一致しません"):
        read_templates(settings, ROUND, digest(templates()))


def test_the_templates_of_another_round_are_refused(settings: Settings) -> None:
    keep_templates(settings, ROUND, with_seal())
    with pytest.raises(WorkspaceError, match="一致しません"):
        read_templates(settings, ROUND, digest(templates()))


@pytest.mark.parametrize("content", [b"", b"{}\n{}\n{}\n", b"[\n", b'{"width": 210}\n'])
def test_a_form_that_this_version_does_not_read_is_told(settings: Settings, content: bytes) -> None:
    keep_templates(settings, ROUND, templates())
    templates_path(settings, ROUND).write_bytes(content)
    with pytest.raises(WorkspaceError, match="今の版では読めない形"):
        read_templates(settings, ROUND, hashlib.sha256(content).hexdigest())
