"""A secret paper has one destination, and one that cannot be reached is told before anything is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest
from commanded import Run

from mailround.context import PASSWORD, RoundContext
from mailround.register.entries import PasswordNoticeIssued, standing
from prepared import hand_over, make_signing_key


@pytest.mark.parametrize("printer", ["/nowhere/lp", "no-such-command -d tray2", "sh -c 'exit 3"])
def test_a_printer_that_cannot_even_be_called_makes_no_copy(run: Run, work: RoundContext, printer: str) -> None:
    hand_over(work)
    make_signing_key(work)
    result = run("password-notice", work.round_id, "--printer", printer)
    assert result.exit_code == 2
    assert "--printer を確かめて" in result.stderr
    assert standing(work.entries, PasswordNoticeIssued) == []


def test_a_printer_that_fails_keeps_the_secret_for_another_copy(run: Run, work: RoundContext, tmp_path: Path) -> None:
    hand_over(work)
    make_signing_key(work)
    result = run("password-notice", work.round_id, "--printer", "false")
    assert result.exit_code == 2
    assert "プリンタを確認" in result.stderr
    assert work.vault.holds(work.round_id, PASSWORD)
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1
    target = tmp_path / "printed.pdf"
    why = ("--reason", "印刷の失敗", "--reference", "8新福生第900号")
    assert run("password-notice", work.round_id, "--printer", f"sh -c 'cat > {target}'", *why).exit_code == 0
    assert target.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("options", [(), ("--printer", " "), ("--fd", "1", "--printer", "lp")])
def test_a_notice_without_one_destination_is_refused(run: Run, work: RoundContext, options: tuple[str, ...]) -> None:
    hand_over(work)
    result = run("password-notice", work.round_id, *options)
    assert result.exit_code == 2
    assert "--fd か --printer" in result.stderr
    assert work.vault.holds(work.round_id, PASSWORD)
