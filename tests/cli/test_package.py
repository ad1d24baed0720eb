"""Packages: checked without showing the password, and a specimen that anybody may open."""

from __future__ import annotations

import re
from pathlib import Path

from commanded import Run
from typer.testing import Result

from mailround.context import RoundContext
from mailround.package_check import check_package
from mailround.seal import package_path, seal
from prepared import AT, password


def test_a_package_that_is_not_there_is_told_before_the_password_is_asked_for(run: Run, tmp_path: Path) -> None:
    result = run("package", "check", tmp_path / "x.zip", text="secret\n")
    assert result.exit_code == 2
    assert "パッケージのファイルがありません" in result.stderr
    assert "パスワード:" not in result.output


def test_a_package_is_checked_with_the_password_from_a_descriptor(run: Run, work: RoundContext, tmp_path: Path) -> None:
    sealed = seal(work, at=AT)
    package, secret = package_path(work.settings, work.round_id), password(work)

    def check(text: str) -> Result:
        path = tmp_path / "password"
        path.write_text(text)
        with path.open() as file:
            result = run("package", "check", package, "--password-fd", file.fileno())
        assert secret not in result.output
        return result

    good = check(f"{secret}\n")
    assert good.exit_code == 0
    assert f"4通、{sealed.pages}頁、SHA-256 {sealed.sha256}" in good.stdout
    for wrong in ("2" * 20, "", "ｐａｓｓ", secret.lower()):
        bad = check(wrong)
        assert bad.exit_code == 2
        assert "パスワードが一致しない" in bad.stderr
    asked = run("package", "check", package, text=f"{secret}\n")
    assert asked.exit_code == 0
    assert secret not in asked.output
    assert run("package", "check", package, text="").exit_code == 2
    package.write_bytes(package.read_bytes()[:-100])
    assert "壊れています" in check(secret).stderr


def test_a_specimen_tells_its_password_and_needs_no_ward(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "specimen.zip"
    made = run("specimen", target, "--households", 20)
    assert made.exit_code == 0
    assert str(target) in made.stdout
    [secret] = re.findall("[2-9A-HJ-NP-Z]{20}", made.stdout)
    assert check_package(target, secret).pieces == 20
    unknown = run("specimen", tmp_path / "another.zip", "--kind", "nothing")
    assert unknown.exit_code == 2
    assert not (tmp_path / "another.zip").exists()
