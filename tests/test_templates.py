"""Templates: all that ship are right for their legal population, and every rule catches a seeded fault."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from mailround.errors import ConfigurationError
from mailround.model import Population
from mailround.templates import Template, digest, folded, load_template, load_templates
from printing import INCLUDE, kind, templates

KINDS = ("change_notice", "asset_declaration")
ALL = [(name, population) for name in KINDS for population in Population]
Edit = Callable[[str, Callable[[dict], None]], None]


def wording(template: Template) -> str:
    return folded("\n".join(template.wording(field) for field in template.fields.values()))


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for folder in ("templates", "envelopes"):
        shutil.copytree(INCLUDE / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def edit(include: Path) -> Edit:
    def change(name: str, how: Callable[[dict], None]) -> None:
        path = include / "templates" / name
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        how(content)
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")

    return change


@pytest.mark.parametrize(("name", "population"), ALL)
def test_every_shipped_template_loads_and_is_without_fault(name: str, population: Population) -> None:
    assert templates(name)[population].faults(population, decision=kind(name).decision) == []


@pytest.mark.parametrize("name", KINDS)
def test_no_support_piece_carries_the_word(name: str) -> None:
    assert "生活保護" not in wording(templates(name)[Population.SUPPORT])


@pytest.mark.parametrize(
    ("population", "words"),
    [
        (
            Population.ASSISTANCE,
            ["保護変更決定通知書", "生活保護法第25条第2項", "生活扶助", "葬祭扶助", "生活保護法第69条"],
        ),
        (Population.EQUIVALENT, ["保護変更決定通知書", "社発第382号", "準用", "生活扶助"]),
        (Population.SUPPORT, ["支援給付変更決定通知書", "第14条", "生活支援給付", "葬祭支援給付"]),
    ],
)
def test_each_legal_population_has_its_own_title_terms_and_basis(population: Population, words: list[str]) -> None:
    found = wording(templates()[population])
    assert [word for word in words if word not in found] == []


@pytest.mark.parametrize("population", Population)
def test_every_change_notice_tells_how_to_appeal(population: Population) -> None:
    found = wording(templates()[population])
    for words in ("東京都知事に対して審査請求", "3か月以内", "1年を経過", "取消訴訟", "6か月以内", "新宿区を被告"):
        assert words in found
    for words in ("60日", "異議申立", "新宿区長に対して審査請求"):
        assert words not in found


@pytest.mark.parametrize("words", ["60日", "６０ 日", "六十日", "六 十\n日", "六〇日", "異議申立て", "異 議\n申立"])
def test_an_obsolete_appeal_text_is_refused_however_it_is_written(include: Path, edit: Edit, words: str) -> None:
    edit("change_notice/equivalent/template.yaml", lambda content: content["texts"].update(sentence=f"通知{words}する"))
    with pytest.raises(ConfigurationError, match="行政不服審査法"):
        load_template(include, kind(), Population.EQUIVALENT)


@pytest.mark.parametrize("population", [Population.ASSISTANCE, Population.SUPPORT])
@pytest.mark.parametrize("word", ["審査請求", "3か月", "取消訴訟", "6か月"])
def test_a_file_that_requires_nothing_is_still_held_to_tell_how_to_appeal(
    include: Path, edit: Edit, population: Population, word: str
) -> None:
    def how(content: dict) -> None:
        content["required"] = {}
        content["texts"]["appeal"] = content["texts"]["appeal"].replace(word, "")

    edit(f"change_notice/{population}/template.yaml", how)
    with pytest.raises(ConfigurationError, match=f"「{word}」がありません"):
        load_template(include, kind(), population)


@pytest.mark.parametrize("name", KINDS)
def test_the_word_on_a_support_template_is_refused(include: Path, edit: Edit, name: str) -> None:
    edit(f"{name}/support/template.yaml", lambda content: content["texts"].update(title="生活　保護変更通知"))
    with pytest.raises(ConfigurationError, match="支援給付の通知に書いてはならない"):
        load_template(include, kind(name), Population.SUPPORT)


@pytest.mark.parametrize("population", Population)
def test_an_appeal_text_is_never_inherited(include: Path, edit: Edit, population: Population) -> None:
    edit(f"change_notice/{population}/template.yaml", lambda content: content["texts"].pop("appeal"))
    with pytest.raises(ConfigurationError, match="appeal"):
        load_template(include, kind(), population)


def put_field(**changes: object) -> Callable[[dict], None]:
    field = {"x": 1, "y": 1, "w": 10, "h": 10, "size": 10, "text": "x"} | changes
    return lambda content: content.setdefault("fields", {}).update(seeded=field)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (put_field(text="{birth_date}"), "birth_date"),
        (put_field(text="{kana}"), "kana"),
        (put_field(x=205), "はみ出して"),
        (put_field(y=290), "はみ出して"),
        (put_field(size=4), "seeded.size"),
        (put_field(min_size=12), "min_size"),
        (put_field(each=True), "pitch"),
        (put_field(continues="title"), "continues"),
        (put_field(continues="nowhere"), "continues"),
        (put_field(colour="red"), "colour"),
        (put_field(text="{unclosed"), "様式"),
        (lambda content: content["texts"].update(title="{sentence}", sentence="{title}"), "自分自身"),
        (lambda content: content["texts"].update(basis="根拠法令なし"), "生活保護法第25条第2項"),
        (lambda content: content.update(extends="../../../../etc.yaml"), "extends"),
        (lambda content: content.update(fields=["x"]), "YAMLの書式"),
    ],
)
def test_a_wrong_template_is_refused_in_japanese(
    include: Path, edit: Edit, how: Callable[[dict], None], said: str
) -> None:
    edit("change_notice/assistance/template.yaml", how)
    with pytest.raises(ConfigurationError, match=said):
        load_template(include, kind(), Population.ASSISTANCE)


def test_a_decision_value_cannot_stand_on_the_june_sheet(include: Path, edit: Edit) -> None:
    edit("asset_declaration/assistance/template.yaml", put_field(text="{after_total}"))
    with pytest.raises(ConfigurationError, match="after_total"):
        load_template(include, kind("asset_declaration"), Population.ASSISTANCE)


def test_a_missing_template_is_refused(include: Path) -> None:
    (include / "templates/change_notice/support/template.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"template\.yaml"):
        load_template(include, kind(), Population.SUPPORT)


def test_what_extends_wins_and_the_rest_is_inherited() -> None:
    one, two = templates()[Population.ASSISTANCE], templates()[Population.SUPPORT]
    assert one.fields["before_medical"] == two.fields["before_medical"]
    assert one.texts["contact"] != two.texts["contact"]


def test_fields_that_repeat_are_written_out_for_the_eight_kinds() -> None:
    fields = templates()[Population.ASSISTANCE].fields
    assert fields["after_funeral"].y == pytest.approx(fields["after_livelihood"].y + 7 * 5.2)
    assert fields["after_funeral"].text == "{after_funeral}"


@pytest.mark.parametrize(
    "how",
    [
        lambda content: content["texts"].update(sentence="次のとおり決定します。"),
        lambda content: content["approvals"]["appeal"].update(version="第2版"),
        lambda content: content.setdefault("fields", {}).setdefault("title", {}).update(size=16),
    ],
)
def test_any_other_wording_approval_or_place_has_another_digest(
    include: Path, edit: Edit, how: Callable[[dict], None]
) -> None:
    before = digest(load_templates(include, kind()))
    assert before == digest(templates())
    edit("change_notice/support/template.yaml", how)
    assert digest(load_templates(include, kind())) != before
