"""A secret paper has one destination, and a printer that fails has printed nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from commanded import Run

from mailround.context import PASSWORD, RoundContext
from mailround.register.entries import PasswordNoticeIssued, standing
from prepared import hand_over


def test_a_printer_that_fails_keeps_the_secret_for_the_next_try(run: Run, work: RoundContext, tmp_path: Path) -> None:
    hand_over(work)
    for printer in ("false", "/nowhere/lp", "sh -c 'exit 3"):
        result = run("password-notice", work.round_id, "--printer", printer)
        assert result.exit_code == 2
        assert "対応：" in result.stderr
        assert work.vault.holds(work.round_id, PASSWORD)
    assert standing(work.entries, PasswordNoticeIssued) == []
    target = tmp_path / "printed.pdf"
    assert run("password-notice", work.round_id, "--printer", f"sh -c 'cat > {target}'").exit_code == 0
    assert target.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("options", [(), ("--printer", " "), ("--fd", "1", "--printer", "lp")])
def test_a_notice_without_one_destination_is_refused(run: Run, work: RoundContext, options: tuple[str, ...]) -> None:
    hand_over(work)
    result = run("password-notice", work.round_id, *options)
    assert result.exit_code == 2
    assert "--fd か --printer" in result.stderr
    assert work.vault.holds(work.round_id, PASSWORD)
