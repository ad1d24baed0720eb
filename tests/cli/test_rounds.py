"""What people do with one round: notice, proof, and a piece that came back."""

from __future__ import annotations

import hashlib
from pathlib import Path

from commanded import Run
from typer.testing import Result

from mailround.context import RoundContext
from mailround.proof import make_proof
from mailround.purge import purge
from mailround.register.entries import (
    HandoverSheetPrinted,
    PasswordNoticeIssued,
    PasswordNoticeReprinted,
    ProofShown,
    standing,
)
from mailround.seal import seal
from prepared import AT, hand_over, make_signing_key, password, post


def test_every_copy_of_the_password_notice_but_the_first_needs_a_reason(
    run: Run, work: RoundContext, tmp_path: Path
) -> None:
    def notice(*options: str) -> tuple[Result, bytes]:
        path = tmp_path / "notice"
        with path.open("wb") as file:
            result = run("password-notice", work.round_id, "--fd", file.fileno(), *options)
        return result, path.read_bytes()

    seal(work, at=AT)
    early, pdf = notice()
    assert early.exit_code == 2
    assert "媒体の引渡しが記録されていない" in early.stderr
    assert pdf == b""
    hand_over(work)
    make_signing_key(work)
    secret = password(work)
    made, pdf = notice()
    assert made.exit_code == 0
    assert "第1部" in made.stderr
    assert pdf.startswith(b"%PDF-")
    assert secret not in made.output
    for options, told in (((), "--reason と --reference"), (("--reason", "紛失", "--reference", "第1号"), "から選び")):
        again, pdf = notice(*options)
        assert again.exit_code == 2
        assert told in again.stderr
        assert pdf == b""
    copied, pdf = notice("--reason", "汚損・破損", "--reference", "8新福生第900号")
    assert copied.exit_code == 0
    assert "第2部" in copied.stderr
    assert pdf.startswith(b"%PDF-")
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1
    [reprinted] = standing(work.entries, PasswordNoticeReprinted)
    assert (reprinted.copy_no, reprinted.reason, reprinted.reference) == (2, "汚損・破損", "8新福生第900号")


def test_the_handover_sheets_are_printed_and_recorded(run: Run, work: RoundContext, tmp_path: Path) -> None:
    hand_over(work)
    make_signing_key(work)
    assert run("password-notice", work.round_id, "--printer", "sh -c 'cat > /dev/null'").exit_code == 0
    target = tmp_path / "sheet.pdf"
    done = run("handover-sheet", work.round_id, "password", "--printer", f"sh -c 'cat > {target}'")
    assert done.exit_code == 0
    assert "一部ずつ保管" in done.stdout
    assert target.read_bytes().startswith(b"%PDF-")
    [printed] = standing(work.entries, HandoverSheetPrinted)
    assert (printed.item, printed.copy_no, printed.media_no) == ("password", 1, "DVD-0001")
    late = run("handover-sheet", work.round_id, "media", "--printer", "cat")
    assert late.exit_code == 2
    assert run("handover-sheet", work.round_id, "key", "--printer", "cat").exit_code == 2


def test_the_proof_goes_to_a_descriptor_or_a_printer_as_often_as_asked_until_the_purge(
    run: Run, work: RoundContext, tmp_path: Path
) -> None:
    seal(work, at=AT)
    assert "まだありません" in run("proof", work.round_id, "--printer", "cat").stderr
    made = make_proof(work, at=AT)
    target = tmp_path / "proof"
    with target.open("wb") as file:
        shown = run("proof", work.round_id, "--fd", file.fileno())
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert hashlib.sha256(target.read_bytes()).hexdigest() == made.sha256
    printed = run("proof", work.round_id, "--printer", f"sh -c 'cat > {target}.pdf'")
    assert printed.exit_code == 0
    assert "管理簿に記録しました" in printed.stdout
    assert hashlib.sha256((tmp_path / "proof.pdf").read_bytes()).hexdigest() == made.sha256
    assert [each.copy_no for each in standing(work.entries, ProofShown)] == [1, 2]
    assert "--fd か --printer" in run("proof", work.round_id).stderr
    hand_over(work)
    post(work)
    purge(work, at=AT)
    late = run("proof", work.round_id, "--printer", "cat")
    assert late.exit_code == 2
    assert "廃棄した" in late.stderr


def test_a_case_leads_to_its_piece_between_the_handover_and_the_posting(run: Run, work: RoundContext) -> None:
    early = run("piece", work.round_id, "--case-no", "0000002")
    assert early.exit_code == 2
    assert "渡さずに中止する" in early.stderr
    hand_over(work)
    asked = run("piece", work.round_id, text="0000002\n")
    assert asked.exit_code == 0
    assert asked.stdout.endswith("PA000002X\n")
    unknown = run("piece", work.round_id, "--case-no", "9999999")
    assert unknown.exit_code == 2
    assert "保留・対象外・窓口交付" in unknown.stderr
    post(work)
    late = run("piece", work.round_id, "--case-no", "0000002")
    assert late.exit_code == 2
    assert "取戻し" in late.stderr
