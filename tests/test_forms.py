"""Forms: what the UI is given, and what is accepted from whoever reaches its API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import jsonschema
import pytest
from airflow.sdk import Param
from hypothesis import given
from hypothesis import strategies as st

from answered import (
    ANSWERED,
    CANARY,
    FIELDS,
    FORMS,
    MISSING,
    answer,
    lead_to,
    refused,
    release_ready,
    settled,
    take_back,
)
from mailround.approve_release import ReleaseApproval
from mailround.context import RoundContext
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import RegisterError
from mailround.forms import UNCHOSEN, Form, settle, table
from mailround.media_handover import STOP, MediaHandover
from mailround.password_handover import PasswordHandover
from mailround.posting import Posting
from mailround.receipt import Receipt
from mailround.register.entries import AnswerRefused, Body, Correction, Posted, standing
from mailround.returns import Returns
from mailround.withdrawal import WithdrawalAcknowledgement

WITH_FIELDS = tuple(form for form in FORMS if FIELDS[form])


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(release_ready)


@pytest.mark.parametrize("form", FORMS)
def test_every_default_is_valid_under_its_own_schema(form: type[Form]) -> None:
    for name, schema in form.params().items():
        rule = {key: value for key, value in schema.items() if key != "default"}
        jsonschema.Draft202012Validator.check_schema(rule)
        jsonschema.validate(schema["default"], rule, format_checker=jsonschema.FormatChecker())
        assert schema["title"], name
        assert schema["description"].endswith("。"), name
        assert not schema["title"].isascii(), name


def test_no_button_is_shut_for_a_field_that_need_not_be_filled_in() -> None:
    """The UI keeps all buttons shut while a field that may not be null is empty; a switch is never empty."""
    for form in (HoldDecision, MediaHandover):
        for name, schema in form.params().items():
            assert "null" in schema["type"] or schema["type"] == "boolean", (form.__name__, name)


@pytest.mark.parametrize("form", FORMS)
def test_airflow_accepts_the_params_and_their_defaults(form: type[Form]) -> None:
    for schema in form.params().values():
        assert Param(**schema).resolve() == schema["default"]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_what_it_asks_in_japanese(form: type[Form]) -> None:
    assert not form.subject.isascii()
    assert all(not option.isascii() for option in form.options)
    assert len(set(form.options)) == len(form.options)


def test_the_params_show_a_field_of_every_type_with_its_widget() -> None:
    media, certificate = MediaHandover.params(), DeletionCertificate.params()
    assert "format" not in media["handed_over_at"], "Airflow's field for a time cannot be reached by keyboard"
    assert media["handed_over_at"]["type"] == ["string", "null"]
    assert certificate["deleted_on"]["format"] == "date"
    assert certificate["method"]["enum"][0] == certificate["method"]["default"] == UNCHOSEN
    assert media["locked"]["default"] is False
    assert "minimum" not in media["quantity"]
    assert "pattern" not in media["media_no"]


def test_a_form_sent_as_it_was_shown_is_refused_field_by_field(work: RoundContext) -> None:
    for form in WITH_FIELDS:
        shown = {name: schema["default"] for name, schema in form.params().items()}
        outcome = form.read(shown)
        assert isinstance(outcome, tuple)
        schema = form.model_json_schema()
        counts = {name for name, each in schema["properties"].items() if each.get("minimum") == 0}  # 0 is an answer
        fields = set(schema["required"]) - counts
        assert len(outcome) == len(fields)


@pytest.mark.parametrize(("form", "name"), [(form, name) for form in WITH_FIELDS for name in FIELDS[form]])
@pytest.mark.parametrize("value", [MISSING, None, [], {}, 1.5, -1, 10**30, CANARY + "\n", float("nan"), "\ud800"])
def test_no_field_takes_a_value_of_another_kind_and_no_reason_repeats_it(
    form: type[Form], name: str, value: object
) -> None:
    outcome = form.read(dict(answer(form, **{name: value}).fields))
    if value in (MISSING, None) and not form.model_fields[name].is_required():
        return  # it need not be answered
    assert isinstance(outcome, tuple), outcome
    if value != "\ud800":  # breaks the whole answer, not one field
        assert len(outcome) == 1
        assert str(form.model_fields[name].title) in outcome[0]
        assert str(form.model_fields[name].description) in outcome[0]
    assert not any(part in reason for reason in outcome for part in ("髙﨑", "𠮷郎", str(10**30)))


@pytest.mark.parametrize("form", WITH_FIELDS)
def test_a_field_that_the_form_lacks_is_refused(form: type[Form]) -> None:
    outcome = form.read({**FIELDS[form], CANARY: CANARY})
    assert outcome == ("読み取れない回答、または画面にない項目が送られました。画面から回答し直してください。",)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-16T10:30", "2026-11-16T10:30:00+09:00"),
        ("2026-11-16 10:30", "2026-11-16T10:30:00+09:00"),
        ("2026/11/16 9:05", "2026-11-16T09:05:00+09:00"),
        (" ２０２６－１１－１６　１０：３０\n", "2026-11-16T10:30:00+09:00"),
        ("2026年11月16日10時30分", "2026-11-16T10:30:00+09:00"),
        ("2026年11月16日 10:30", "2026-11-16T10:30:00+09:00"),
        ("2026-11-16T01:30:00.000Z", "2026-11-16T10:30:00+09:00"),
        ("2026-11-16T10:30:00+09:00", "2026-11-16T10:30:00+09:00"),
        ("2026-11-15T20:30:15-05:00", "2026-11-16T10:30:15+09:00"),
    ],
)
def test_a_time_is_read_in_tokyo_unless_it_says_otherwise(typed: str, meant: str) -> None:
    filled = MediaHandover.read(FIELDS[MediaHandover] | {"handed_over_at": typed})
    assert isinstance(filled, MediaHandover)
    assert filled.handed_over_at.isoformat() == meant


@pytest.mark.parametrize(
    "typed",
    [
        *("2026-11-16", "10:30", "令和8年11月16日", "11-16 10:30", "2026-11-1610:30", "2026-11-16 10", "午前10時"),
        *("2026-02-30T10:00", "2026-02-30 10:00", "2026-11-16 24:00", "0001-01-01T00:00+14:00", "2026-11-16T"),
        *("1794800000", "20261116", 1_794_800_000),
    ],
)
def test_a_time_without_a_day_or_a_clock_is_refused(typed: object) -> None:
    outcome = MediaHandover.read(FIELDS[MediaHandover] | {"handed_over_at": typed})
    assert outcome == (
        "「引渡し日時」が正しくありません。" + str(MediaHandover.model_fields["handed_over_at"].description),
    )


@pytest.mark.parametrize("typed", [" DVD-0001", "DVD-0001\n", "\tDVD-0001 "])
def test_blanks_around_a_number_are_dropped(typed: str) -> None:
    filled = MediaHandover.read(FIELDS[MediaHandover] | {"media_no": typed})
    assert isinstance(filled, MediaHandover)
    assert filled.media_no == "DVD-0001"


@pytest.mark.parametrize(
    "typed", ["ＤＶＤ−０００１", "DVD 0001", "DVD\u00000001", "-DVD", "D" * 17, "2345ABCDEFGHJKLMNPQR", "=1+1", CANARY]
)
def test_a_number_off_a_label_is_plain_ascii(typed: str) -> None:
    assert isinstance(MediaHandover.read(FIELDS[MediaHandover] | {"media_no": typed}), tuple)


@pytest.mark.parametrize("typed", ["耐火金庫1", "本社 3階・保管庫（東）", "第12号/A-3", "保管室ー2"])
def test_a_place_may_be_japanese(typed: str) -> None:
    assert isinstance(MediaHandover.read(FIELDS[MediaHandover] | {"storage": typed}), MediaHandover)


@pytest.mark.parametrize("typed", ["", " ", "保" * 41, "金庫\n2", "金庫1<b>", "=金庫|1", "耐火金庫", CANARY])
def test_a_place_is_one_short_line_with_a_figure_and_without_signs(typed: str) -> None:
    assert isinstance(MediaHandover.read(FIELDS[MediaHandover] | {"storage": typed}), tuple)


@given(
    fields=st.dictionaries(
        st.sampled_from(sorted(FIELDS[MediaHandover])) | st.text(max_size=5),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | st.lists(st.text(max_size=3)),
    )
)
def test_whatever_arrives_is_either_a_form_or_reasons(fields: dict[str, Any]) -> None:
    outcome = MediaHandover.read(fields)
    if isinstance(outcome, tuple):
        assert outcome
        assert all(reason.endswith("。") for reason in outcome)
    else:
        assert outcome.locked
        assert outcome.quantity >= 1


@pytest.mark.parametrize("form", FORMS)
def test_a_good_answer_becomes_one_entry_under_the_name_of_who_gave_it(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    assert form.needed(work)
    outcome = settled(form, work)
    last = work.entries[-1]
    assert last.body == outcome.body
    assert isinstance(outcome.body, form.records)
    assert last.actor == ("approver" if form is ReleaseApproval else "officer")
    assert outcome.goes_on
    assert not form.needed(work)
    assert not form.stopped(work)
    work.register.verify()


@pytest.mark.parametrize(
    "form",
    [MediaHandover, PasswordHandover, Receipt, WithdrawalAcknowledgement, Posting, Returns, DeletionCertificate],
)
def test_an_entry_that_was_corrected_is_asked_for_again(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    settled(form, work)
    wrong = work.entries[-1].seq
    correction = Correction(corrects=wrong, reason="転記の誤り")
    work.register.append(correction, round_id=work.round_id, actor="officer", at=ANSWERED[form])
    assert form.needed(work)
    assert standing(work.entries, form.records) == []


@pytest.mark.parametrize("form", FORMS)
def test_only_designated_people_may_answer(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    for second, responder in enumerate((None, "", "auditor", "C-001", "x" * 200)):
        (reason,) = refused(form, work, responder=responder, answered_at=ANSWERED[form] - timedelta(seconds=second))
        told = "誰が回答したか記録されていません" if responder is None else "この役割に指定され"
        assert told in reason, responder
        assert len(work.entries[-1].actor) <= 64


def test_a_designation_that_has_run_out_counts_no_longer(work: RoundContext) -> None:
    lead_to(Posting, work)
    (reason,) = refused(Posting, work, answered_at=datetime(2027, 4, 1, 9, tzinfo=UTC))
    assert "期間内の人だけ" in reason


def test_the_day_of_an_answer_is_tokyos_day(work: RoundContext) -> None:
    """2027-03-31 15:30 UTC is already April in Tokyo, where the designation has ended."""
    lead_to(Posting, work)
    refused(Posting, work, answered_at=datetime(2027, 3, 31, 15, 30, tzinfo=UTC))
    settled(Posting, work, answered_at=datetime(2027, 3, 31, 14, 30, tzinfo=UTC))


@pytest.mark.parametrize("form", FORMS)
def test_an_option_that_was_not_offered_is_refused(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    for second, option in enumerate(("", "OK", "Approve", CANARY)):
        (reason,) = refused(form, work, option=option, answered_at=ANSWERED[form] - timedelta(seconds=second))
        assert all(offered in reason for offered in form.options), option
        assert CANARY not in reason


def test_every_problem_of_an_answer_is_told_at_once(work: RoundContext) -> None:
    lead_to(MediaHandover, work)
    reasons = refused(MediaHandover, work, option="OK", responder="auditor", quantity=99, media_no="", locked=False)
    assert len(reasons) == 5


@pytest.mark.parametrize("form", FORMS)
def test_no_question_shows_personal_data(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    text = form.body(work)
    assert not any(part in text for part in ("髙﨑", "𠮷郎", "0000901", "新宿一丁目", "W01"))
    assert not text.isascii()
    assert "{" not in text


def test_the_same_answer_settled_twice_is_one_entry(work: RoundContext) -> None:
    """A worker killed after the entry was written settles the same answer again."""
    lead_to(Posting, work)
    settled(Posting, work)
    count = len(work.entries)
    settle(Posting, work, answer(Posting), at=ANSWERED[DeletionCertificate])
    assert len(work.entries) == count


OTHERWISE: dict[type[Form], dict[str, object]] = {
    HoldDecision: {"option": HoldDecision.options[-1]},
    ReleaseApproval: {"option": ReleaseApproval.options[-1]},
    MediaHandover: {"media_no": "DVD-0002"},
    PasswordHandover: {"bag_no": "BAG-03"},
    Receipt: {"receiver": "C-001"},
    WithdrawalAcknowledgement: {"pulled": "PA000005K"},
    Posting: {"spoiled": 3, "posted": 5},
    Returns: {"received_by": "officer2"},
    DeletionCertificate: {"certificate_no": "DEL-0002"},
}
"""An answer that would be good, had the form not been answered."""


@pytest.mark.parametrize("form", FORMS)
def test_a_second_answer_that_differs_is_refused_and_the_first_stands(work: RoundContext, form: type[Form]) -> None:
    lead_to(form, work)
    first = settled(form, work).body
    before = standing(work.entries, form.records)
    with pytest.raises(RegisterError, match="既に別の回答が"):
        settle(form, work, answer(form, **OTHERWISE[form]), at=ANSWERED[form])
    assert standing(work.entries, form.records) == before
    assert before[-1] == first
    refusal = work.entries[-1].body
    assert isinstance(refusal, AnswerRefused)
    assert refusal.step == form.step
    assert not form.needed(work)
    assert not form.stopped(work)


def test_a_second_answer_that_is_wrong_does_not_open_the_question_again(work: RoundContext) -> None:
    lead_to(Posting, work)
    settled(Posting, work)
    with pytest.raises(RegisterError, match="既に別の回答が"):
        settle(Posting, work, answer(Posting, posted=99), at=ANSWERED[Posting])
    assert [each.posted for each in standing(work.entries, Posted)] == [6]
    assert "発送数が合いません" in standing(work.entries, AnswerRefused)[-1].reasons[0]


def test_another_answer_is_good_once_the_first_was_taken_back(work: RoundContext) -> None:
    lead_to(Posting, work)
    settled(Posting, work)
    take_back(work, Posted)
    settled(Posting, work, **OTHERWISE[Posting])
    assert [each.posted for each in standing(work.entries, Posted)] == [5]


class Followed(Posting):
    """A posting from which something follows; keeps how many entries stood each time."""

    stood: ClassVar[list[int]] = []

    @classmethod
    def after(cls, work: RoundContext) -> None:
        cls.stood.append(len(standing(work.entries, Posted)))


def test_what_follows_from_an_answer_is_done_once_it_stands_and_again_with_the_same_answer(work: RoundContext) -> None:
    lead_to(Posting, work)
    Followed.stood.clear()
    settle(Followed, work, answer(Posting, posted=99), at=ANSWERED[Posting])
    assert Followed.stood == []
    settle(Followed, work, answer(Posting), at=ANSWERED[Posting])
    settle(Followed, work, answer(Posting), at=ANSWERED[Posting])
    assert Followed.stood == [1, 1]
    with pytest.raises(RegisterError):
        settle(Followed, work, answer(Posting, **OTHERWISE[Posting]), at=ANSWERED[Posting])
    assert Followed.stood == [1, 1]


def test_nothing_follows_from_an_answer_that_ends_the_round(work: RoundContext) -> None:
    class GivenUp(MediaHandover):
        @classmethod
        def after(cls, work: RoundContext) -> None:
            raise AssertionError(work.round_id)

    lead_to(MediaHandover, work)
    assert settle(GivenUp, work, answer(MediaHandover, option=STOP), at=ANSWERED[MediaHandover])


def test_a_table_cell_cannot_break_the_table() -> None:
    assert table([("a|b", "c")]).splitlines()[-1] == "| a｜b | c |"


def test_forms_load_without_the_registers_database_library() -> None:
    """Every parse of the DAG file imports all forms."""
    modules = ", ".join(sorted({form.__module__ for form in FORMS}))
    code = (
        f"import sys, {modules}; sys.exit(bool({{'sqlalchemy', 'alembic', 'pyzipper', 'airflow'}} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_register_body_of_a_form_is_its_own() -> None:
    bodies: list[type[Body]] = [form.records for form in FORMS]
    assert len(set(bodies)) == len(bodies)
    assert len({form.step for form in FORMS}) == len(FORMS)
