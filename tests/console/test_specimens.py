"""The page of specimens: any template, the faults beside it, and nothing of anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from served import Served
from visited import visit

from mailround.console import specimen_page, specimens
from mailround.console.visit import NotFoundError
from mailround.settings import Settings
from prepared import own_include

SUPPORT = {"kind": "change_notice", "population": "support", "household": "long", "page": "2"}


def test_without_a_wish_the_first_template_is_shown(settings: Settings) -> None:
    told: Any = specimens.show(visit(settings))
    assert (told["household"], told["number"]) == ("plain", 1)
    assert told["count"] >= 1
    assert told["fault"] is None
    assert told["envelope"].name == "naga3-window"


def test_a_wish_is_met_as_far_as_it_can_be(settings: Settings) -> None:
    told: Any = specimens.show(visit(settings, **SUPPORT))
    assert (told["kind"].name, told["population"], told["number"], told["count"]) == ("change_notice", "support", 2, 2)
    june: Any = specimens.show(visit(settings, **(SUPPORT | {"kind": "asset_declaration"})))
    assert june["household"] == "plain", "a declaration has no reason that could be long"


@pytest.mark.parametrize(
    "wrong", [{"kind": "none"}, {"population": "none"}, {"household": "none"}, {"page": "x"}, {"kind": "../rounds"}]
)
def test_what_there_is_not_is_told(settings: Settings, wrong: dict[str, str]) -> None:
    for view in (specimens, specimen_page):
        with pytest.raises(NotFoundError, match="その見本はありません"):
            view.show(visit(settings, **(SUPPORT | wrong)))


def test_the_faults_of_this_template_stand_beside_it(settings: Settings, tmp_path: Path) -> None:
    ward = own_include(settings, tmp_path)
    path = ward.include / "templates" / "change_notice" / "support" / "template.yaml"
    whole: Any = specimens.show(visit(ward, **SUPPORT))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("審査請求", "異議申立"), encoding="utf-8")
    told: Any = specimens.show(visit(ward, **SUPPORT))
    assert len(told["problems"]) > len(whole["problems"])
    assert any("異議申立" in each for each in told["problems"])
    assert told["fault"] is None, "it is shown all the same"
    path.write_text("texts: [", encoding="utf-8")
    broken: Any = specimens.show(visit(ward, **SUPPORT))
    assert broken["fault"] is not None
    assert broken["count"] == 0
    assert broken["problems"]


def test_those_who_word_the_notices_see_it_and_nobody_else(served: Served) -> None:
    page = served.get("datateam", "/specimens?kind=change_notice&population=support&household=long&page=2")
    assert page.status_code == 200
    for words in ("様式の点検", "支援給付", "2 ／ 2 頁", "/specimens/change_notice/support/long/2"):
        assert words in page.text
    picture = served.get("approver", "/specimens/change_notice/support/long/2")
    assert picture.headers["content-type"] == "image/png"
    for user in ("auditor", "officer", "admin"):
        assert served.get(user, "/specimens").status_code == 403
