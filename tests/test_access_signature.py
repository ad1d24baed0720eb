"""The signature under an access review: by a responsible person whom it says nothing of, for the report that stands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import jsonschema
import pytest
from airflow.sdk import Param

from accessed import reviewed
from answered import CANARY
from mailround.access_signature import AccessSignature
from mailround.context import HouseContext, RoundContext
from mailround.errors import GateClosedError, RegisterError
from mailround.forms import Answer, AskAgain, Settled, settle
from mailround.register.entries import HOUSE, AccessReviewed, AccessReviewSigned, AnswerRefused, Entry, standing
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from prepared import another_contract, own_include

AT = datetime(2026, 11, 5, 10, tzinfo=TOKYO)
FIELDS = {"judgement": "指摘を確かめ、業務上の理由があった", "reference": "8新福生第160号"}
FOUND = {"findings": 2, "subjects": ("datateam", "officer")}


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """The ward with contracts of its own; that of the demonstration, whose people count as any contract's, is gone."""
    own = own_include(settings, tmp_path / "own")
    (own.include / "contracts" / "demo.yaml").unlink()
    return own


def house(settings: Settings, run_id: str = "r") -> RoundContext:
    work: object = HouseContext(settings, Register(settings.register_url), run_id)
    return work  # type: ignore[return-value]  # as the operator hands it over


def made(settings: Settings, **changes: object) -> AccessReviewed:
    body = reviewed("2026-10").model_copy(update={"run_id": "r"} | FOUND | changes)
    Register(settings.register_url).append(body, round_id=HOUSE, actor="mailround", at=AT)
    return body


def give(
    settings: Settings, responder: str | None = "chief", run_id: str = "r", **changes: object
) -> Settled | AskAgain:
    answer = Answer("署名する", FIELDS | changes, responder, AT)
    return settle(AccessSignature, house(settings, run_id), answer, at=AT)


def entries(settings: Settings) -> tuple[Entry, ...]:
    return Register(settings.register_url).entries()


def test_airflow_accepts_the_params_and_their_defaults() -> None:
    for name, schema in AccessSignature.params().items():
        jsonschema.Draft202012Validator.check_schema({key: each for key, each in schema.items() if key != "default"})
        assert Param(**schema).resolve() == schema["default"], name
        assert not schema["title"].isascii(), name
        assert schema["description"].endswith("。"), name
    assert "month" not in AccessSignature.params(), "it would hide the run's"


def test_a_signature_is_an_entry_about_the_report_with_that_hash(settings: Settings) -> None:
    body = made(settings)
    assert AccessSignature.needed(house(settings))
    assert isinstance(give(settings), Settled)
    entry = entries(settings)[-1]
    assert (entry.round_id, entry.actor) == (HOUSE, "chief")
    assert entry.body == AccessReviewSigned(month="2026-10", access_report_sha256=body.access_report_sha256, **FIELDS)
    assert not AccessSignature.needed(house(settings))


def test_the_question_says_which_report_and_who_is_in_it(settings: Settings) -> None:
    made(settings)
    text = AccessSignature.body(house(settings))
    for row in (
        "| 対象月 | 2026-10 |",
        f"`{'a' * 64}`",
        "access-review/2026-10.pdf",
        "| 指摘 | 2件 |",
        "`datateam`、`officer`",
    ):
        assert row in text


@pytest.mark.parametrize(
    ("responder", "reason"),
    [
        (None, "誰が回答したか記録されていません"),
        ("approver", "回答できるのは、契約でこの役割に指定され"),
        ("officer", "回答できるのは、契約でこの役割に指定され"),
    ],
)
def test_only_a_responsible_person_signs(settings: Settings, responder: str | None, reason: str) -> None:
    made(settings)
    outcome = give(settings, responder)
    assert isinstance(outcome, AskAgain)
    assert reason in outcome.reasons[0]
    assert isinstance(entries(settings)[-1].body, AnswerRefused)
    assert entries(settings)[-1].round_id == HOUSE
    assert AccessSignature.needed(house(settings))


def test_the_responsible_persons_of_every_contract_may_sign_within_their_days(settings: Settings) -> None:
    other = another_contract(settings)
    text = other.read_text(encoding="utf-8")
    before = "{ id: chief, division: 生活福祉課, valid_from: 2026-09-24, valid_to: 2027-03-31 }"
    assert before in text
    other.write_text(text.replace(before, before.replace("chief", "second")), encoding="utf-8")
    made(settings)
    assert isinstance(give(settings, "second"), Settled)
    late = Answer("署名する", FIELDS, "chief", datetime(2027, 4, 1, 10, tzinfo=TOKYO))
    made(settings, access_report_sha256="b" * 64)
    outcome = settle(AccessSignature, house(settings), late, at=late.answered_at)
    assert isinstance(outcome, AskAgain)


def test_nobody_signs_a_report_that_is_about_them(settings: Settings) -> None:
    made(settings, subjects=("Chief",))
    outcome = give(settings)
    assert isinstance(outcome, AskAgain)
    assert "回答した本人についての指摘" in outcome.reasons[0]


def test_findings_are_not_signed_as_none(settings: Settings) -> None:
    made(settings)
    outcome = give(settings, judgement="問題はなかった")
    assert isinstance(outcome, AskAgain)
    assert "指摘が2件あります" in outcome.reasons[0]
    made(settings, findings=0, subjects=())
    assert isinstance(give(settings, judgement="問題はなかった"), Settled)


@pytest.mark.parametrize("changes", [{"judgement": "（選んでください）"}, {"reference": ""}, {"reference": CANARY}])
def test_what_the_form_would_not_allow_is_asked_again_without_repeating_it(
    settings: Settings, changes: dict[str, object]
) -> None:
    made(settings)
    outcome = give(settings, **changes)
    assert isinstance(outcome, AskAgain)
    assert CANARY not in "".join(outcome.reasons)
    assert CANARY not in "".join(entry.text for entry in entries(settings))


def test_the_same_answer_again_is_the_same_entry_and_another_is_refused(settings: Settings) -> None:
    made(settings)
    give(settings)
    give(settings)
    assert len(standing(entries(settings), AccessReviewSigned)) == 1
    with pytest.raises(RegisterError, match="「共通」の「アクセスの点検の署名」には、既に別の回答があります"):
        give(settings, reference="8新福生第161号")


def test_a_report_made_anew_is_signed_anew(settings: Settings) -> None:
    made(settings)
    give(settings)
    made(settings, access_report_sha256="b" * 64)
    assert AccessSignature.needed(house(settings))
    assert isinstance(give(settings), Settled)
    assert [each.access_report_sha256[0] for each in standing(entries(settings), AccessReviewSigned)] == ["a", "b"]


def test_another_months_signature_does_not_count(settings: Settings) -> None:
    made(settings)
    give(settings)
    made(settings, month="2026-11", run_id="s", access_report_sha256="a" * 64)
    assert AccessSignature.needed(house(settings, "s"))
    assert isinstance(give(settings, run_id="s"), Settled)
    assert [each.month for each in standing(entries(settings), AccessReviewSigned)] == ["2026-10", "2026-11"]


@pytest.mark.parametrize("run_id", ["another", ""])
def test_a_run_that_made_no_report_asks_nothing(settings: Settings, run_id: str) -> None:
    made(settings)
    with pytest.raises(GateClosedError, match="点検報告書が管理簿にない"):
        AccessSignature.body(house(settings, run_id))
    with pytest.raises(GateClosedError):
        give(settings, run_id=run_id)


def test_of_two_runs_about_a_month_the_later_asks(settings: Settings) -> None:
    made(settings)
    made(settings, run_id="s", access_report_sha256="b" * 64)
    with pytest.raises(GateClosedError, match="別の実行が同じ月の報告書を作り直しています"):
        AccessSignature.body(house(settings))
    assert "2026-10" in AccessSignature.body(house(settings, "s"))
