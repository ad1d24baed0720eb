"""The specimen: a package like a real one, of everything a real one can hold, with nobody in it."""

from __future__ import annotations

import csv
import io
import shutil
import stat
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
import pyzipper

from mailround import specimen as module
from mailround.errors import ConfigurationError, CountMismatchError
from mailround.model import Recipient
from mailround.package_check import check_package
from mailround.settings import CheckSettings
from mailround.specimen import Specimen, make_specimen
from prepared import AT
from printing import INCLUDE, POSTED, kind


def make(target: Path, name: str = "change_notice", households: int = 20) -> Specimen:
    return make_specimen(target, kind=kind(name), households=households, settings=CheckSettings(), at=AT)


def member(target: Path, made: Specimen, name: str) -> bytes:
    with pyzipper.AESZipFile(target) as archive:
        archive.setpassword(made.password.encode())
        return bytes(archive.read(name))


def texts(content: bytes) -> list[str]:
    """Return what stands on each page."""
    found = []
    with closing(pypdfium2.PdfDocument(content)) as document:
        for number in range(len(document)):
            with closing(document[number]) as page, closing(page.get_textpage()) as text:
                found.append(str(text.get_text_range()))
    return found


@pytest.mark.parametrize(("name", "households"), [("change_notice", 20), ("asset_declaration", 37)])
def test_it_opens_and_checks_like_a_real_package(tmp_path: Path, name: str, households: int) -> None:
    target = tmp_path / "new" / "specimen.zip"
    made = make(target, name, households)
    report = check_package(target, made.password)
    assert (report.pieces, report.pages) == (made.pieces, made.pages)
    assert made.pieces == households
    assert report.manifest.round_id == "0000-00-specimen"
    assert report.manifest.kind == name
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_it_holds_one_of_everything(tmp_path: Path) -> None:
    made = make(tmp_path / "specimen.zip")
    rows = list(csv.DictReader(io.StringIO(member(tmp_path / "specimen.zip", made, "pieces.csv").decode(), newline="")))
    pages = texts(member(tmp_path / "specimen.zip", made, "print/notices-001.pdf"))
    whole = "".join(pages)
    assert {row["pages"] for row in rows} == {"1", "2"}
    assert "counter" not in {row["bundle"] for row in rows}
    for words in ("𠮷", "\U000e0108", "支援給付変更決定通知書", "準じて行う保護", "成年後見人", "気付", "DOS ANJOS"):
        assert words in whole, words
    for title in ("支援給付変更決定通知書", "保護変更決定通知書"):
        assert [page for page in pages if f"{title}（続き）" in page]


@pytest.mark.parametrize("name", ["change_notice", "asset_declaration"])
def test_nobody_on_it_could_be_taken_for_a_person(name: str) -> None:
    recipients = module._recipients(60, kind(name))
    assert len({each.case_no for each in recipients}) == 60
    for each in recipients:
        assert each.name.startswith("見本　")
        assert each.addressee(POSTED).name.startswith("見本　")
        assert each.decision is None or each.decision.document_no.startswith("見本第")


def test_the_households_are_the_same_every_time() -> None:
    first: Sequence[Recipient] = module._recipients(30, kind())
    assert module._recipients(30, kind()) == first


def test_nothing_of_its_ward_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    make(tmp_path / "specimen.zip")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_templates_with_faults_give_no_specimen_and_all_faults_are_told(tmp_path: Path) -> None:
    include = tmp_path / "include"
    shutil.copytree(INCLUDE, include)
    for population in ("support", "equivalent"):
        own = include / "templates" / "change_notice" / population / "template.yaml"
        own.write_text(own.read_text(encoding="utf-8") + "colour: red\n", encoding="utf-8")
    target = tmp_path / "specimen.zip"
    with pytest.raises(ConfigurationError) as caught:
        make_specimen(target, kind=kind(), households=20, settings=CheckSettings(include=include), at=AT)
    assert "様式に2件の誤りがあり" in caught.value.happened
    assert caught.value.happened.count("colour（知らない項目です）") == 2
    assert not target.exists()


def test_a_household_that_the_checks_hold_stops_it_and_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "specimen.zip"
    target.write_bytes(b"old")
    pool = list(module.sample_recipients(400, 1, kind(), faults=True, wide=True).recipients)
    monkeypatch.setattr(module, "_recipients", lambda *_: tuple(pool))
    with pytest.raises(CountMismatchError, match=r"400件のうち、検査を通ったのは[0-9]+件"):
        make(target, households=400)
    assert target.read_bytes() == b"old"
