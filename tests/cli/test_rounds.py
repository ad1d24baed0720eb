"""What people do with one round: notice, proof, and a piece that came back."""

from __future__ import annotations

import hashlib
from pathlib import Path

from commanded import Run
from typer.testing import Result

from mailround.context import PASSWORD, RoundContext
from mailround.proof import make_proof
from mailround.purge import purge
from mailround.register.entries import PasswordNoticeIssued, ProofShown, standing
from mailround.seal import seal
from prepared import AT, hand_over, password, post


def test_the_password_notice_is_written_once_after_the_media(run: Run, work: RoundContext, tmp_path: Path) -> None:
    def notice() -> tuple[Result, bytes]:
        path = tmp_path / "notice"
        with path.open("wb") as file:
            result = run("password-notice", work.round_id, "--fd", file.fileno())
        return result, path.read_bytes()

    seal(work, at=AT)
    early, pdf = notice()
    assert early.exit_code == 2
    assert "媒体の引渡しが記録されていない" in early.stderr
    assert pdf == b""
    hand_over(work)
    secret = password(work)
    made, pdf = notice()
    assert made.exit_code == 0
    assert pdf.startswith(b"%PDF-")
    assert secret not in made.output
    assert not work.vault.holds(work.round_id, PASSWORD)
    again, pdf = notice()
    assert again.exit_code == 2
    assert "作成済み" in again.stderr
    assert pdf == b""
    assert len(standing(work.entries, PasswordNoticeIssued)) == 1


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
    assert asked.stdout.endswith("P000002\n")
    unknown = run("piece", work.round_id, "--case-no", "9999999")
    assert unknown.exit_code == 2
    assert "保留・対象外・窓口交付" in unknown.stderr
    post(work)
    late = run("piece", work.round_id, "--case-no", "0000002")
    assert late.exit_code == 2
    assert "取戻し" in late.stderr
