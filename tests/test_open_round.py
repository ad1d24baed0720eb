"""Opening a round: refused before anything personal is read, unless params, contract, dates and source are sound."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailround.context import INDEX_KEY, ROUND_KEY, RoundContext, load_round
from mailround.errors import ConfigurationError, GateClosedError, MailroundError, RoundRefusedError
from mailround.gates import ITEMS, OPENING
from mailround.model import Opened, Population
from mailround.open_round import open_round, source_path
from mailround.register.entries import ContractChanged, ContractStated, GatesEvaluated, RoundOpened
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from mailround.vault import Vault
from prepared import another_contract, own_include

AT = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)
CANARY = "髙﨑𠮷郎"
PARAMS: dict[str, object] = {
    "round_id": "2026-11-change",
    "kind": "change_notice",
    "source": "2026-11/export.csv",
    "layout": "shinjuku",
    "contract": "r8-print",
    "extracted_by": "datateam",
    "issue_date": "2026-11-20",
    "posting_date": "2026-11-24",
}


@pytest.fixture
def ward(settings: Settings) -> Settings:
    (settings.inbox / "2026-11").mkdir()
    (settings.inbox / "2026-11" / "export.csv").write_bytes(b"")
    return settings


def start(ward: Settings, run_id: str = "manual__1", **changes: object) -> Opened:
    params = {key: value for key, value in (PARAMS | changes).items() if value is not ...}
    return open_round(ward, params, run_id=run_id, triggered_by="datateam", at=AT)


def kinds(ward: Settings) -> list[str]:
    return [entry.body.kind for entry in Register(ward.register_url).entries()]


OPENED = ["gates_evaluated", "round_opened", "contract_stated"]


def nothing_happened(ward: Settings) -> bool:
    return Register(ward.register_url).entries() == () and not ward.vault.exists() and not ward.data.exists()


def test_an_opened_round_has_its_keys_and_one_entry_that_holds_its_params(ward: Settings) -> None:
    assert start(ward) == Opened(round_id="2026-11-change")
    vault = Vault(ward.vault, ward.vault_identity)
    assert vault.holds("2026-11-change", ROUND_KEY)
    assert vault.holds("2026-11-change", INDEX_KEY)
    assert vault.open("2026-11-change", ROUND_KEY) != vault.open("2026-11-change", INDEX_KEY)
    evaluated, entry, stated = Register(ward.register_url).entries()
    assert isinstance(entry.body, RoundOpened)
    assert entry.body.source == "2026-11/export.csv"
    assert (entry.body.triggered_by, entry.actor) == ("datateam", "datateam")
    assert entry.body.extracted_by == "datateam"
    assert len(entry.body.contract_sha256) == 64
    assert isinstance(evaluated.body, GatesEvaluated)
    assert (evaluated.body.step, str(evaluated.body.day), evaluated.body.closed) == ("open_round", "2026-11-24", ())
    assert evaluated.body.passed == tuple(gate.id for gate in (*OPENING, *ITEMS))
    assert isinstance(stated.body, ContractStated)
    assert stated.body.contract_sha256 == entry.body.contract_sha256
    assert (stated.body.contractor, stated.body.items_version) == ("sample-print", "第1版")
    assert str(stated.body.contacts_verified_on) == "2026-10-01"
    assert stat.S_IMODE(ward.vault.stat().st_mode) == 0o700


def test_a_template_with_a_fault_opens_no_round_and_all_faults_are_told(ward: Settings, tmp_path: Path) -> None:
    shutil.copytree(ward.include, tmp_path / "include")
    common = tmp_path / "include" / "templates" / "common.yaml"
    shifted = common.read_text(encoding="utf-8").replace("x: 25, y: 11.6", "x: 22, y: 11.6")
    common.write_text(shifted, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="様式に3件の誤りがあり") as caught:
        start(ward.model_copy(update={"include": tmp_path / "include"}))
    for population in Population:
        assert f"change_notice/{population}：窓の項目 postcode" in caught.value.happened
    assert "mailround templates check" in caught.value.remedy
    assert nothing_happened(ward)


def test_wording_approved_after_the_day_of_issue_opens_no_round(ward: Settings) -> None:
    with pytest.raises(ConfigurationError, match="承認日（2025-04-01）が発行日（2025-03-31）より後"):
        start(ward, issue_date="2025-03-31")
    assert nothing_happened(ward)


def test_an_opened_round_is_found_again_by_its_id_alone(ward: Settings) -> None:
    start(ward)
    work = load_round(ward, "2026-11-change")
    assert (work.kind.name, work.contract.name, work.layout.name) == ("change_notice", "r8-print", "shinjuku")
    work.workspace.write("probe", b"1")
    assert load_round(ward, "2026-11-change").workspace.read("probe") == b"1"


def test_a_round_nobody_opened_is_not_found(ward: Settings) -> None:
    with pytest.raises(RoundRefusedError, match="管理簿にありません"):
        load_round(ward, "2026-11-change")


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"round_id": "2026-11-Change"}, RoundRefusedError, "：回の番号。"),
        ({"round_id": "2026-11-change\n"}, RoundRefusedError, "：回の番号。"),
        ({"round_id": "../../etc"}, RoundRefusedError, "：回の番号。"),
        ({"round_id": "２０２６-11-change"}, RoundRefusedError, "：回の番号。"),
        ({"round_id": "2026-11-" + "x" * 17}, RoundRefusedError, "：回の番号。"),
        ({"round_id": 202611}, RoundRefusedError, "：回の番号。"),
        ({"round_id": ...}, RoundRefusedError, "：回の番号。"),
        ({"issue_date": "2026-11-31"}, RoundRefusedError, "：発行日。"),
        ({"issue_date": "令和8年11月20日", "posting_date": ""}, RoundRefusedError, "：発行日、発送予定日。"),
        ({"extra": "x"}, RoundRefusedError, "画面にない項目"),
        ({"issue_date": "2026-11-25"}, RoundRefusedError, "発行日（2026-11-25）が発送予定日（2026-11-24）より後"),
        ({"kind": "birthday_card"}, ConfigurationError, "発送種別「birthday_card」は登録されていません"),
        ({"layout": "nowhere"}, ConfigurationError, "データレイアウト「nowhere」"),
        ({"contract": "r1-print"}, ConfigurationError, "契約「r1-print」"),
        ({"contract": "../contracts/r8-print"}, ConfigurationError, "登録されていません"),
        ({"extracted_by": ""}, RoundRefusedError, "「データの抽出者」は、2026-11-10 に有効な区の取扱者では"),
        ({"extracted_by": ...}, RoundRefusedError, "「データの抽出者」は"),
        ({"extracted_by": "approver"}, RoundRefusedError, "「データの抽出者」は"),
        ({"extracted_by": "C-001"}, RoundRefusedError, "「データの抽出者」は"),
        ({"extracted_by": CANARY}, RoundRefusedError, "「データの抽出者」は"),
        ({"extracted_by": 7}, RoundRefusedError, "：データの抽出者。"),
        ({"issue_date": "2026-11-09", "posting_date": "2026-11-09"}, RoundRefusedError, "（2026-11-09）が過ぎています"),
        ({"source": "2026-11/missing.csv"}, RoundRefusedError, "受信フォルダにありません"),
        ({"source": "2026-11"}, RoundRefusedError, "受信フォルダにありません"),
        ({"source": ""}, RoundRefusedError, "受信フォルダの外、または使えない名前"),
        ({"source": "../outside.csv"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": "2026-11/../../outside.csv"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": "/etc/passwd"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": "file:///etc/passwd"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": f"2026-11/{CANARY}.csv"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": "2026-11/export.csv\n"}, RoundRefusedError, "受信フォルダの外"),
        ({"source": "link.csv"}, RoundRefusedError, "受信フォルダの外"),
    ],
)
def test_a_round_that_is_not_sound_is_refused_and_leaves_nothing(
    ward: Settings, changes: dict[str, object], error: type[MailroundError], told: str
) -> None:
    outside = ward.inbox.parent / "outside.csv"
    outside.write_bytes(b"")
    (ward.inbox / "link.csv").symlink_to(outside)
    with pytest.raises(error) as caught:
        start(ward, **changes)
    assert told in str(caught.value)
    assert caught.value.remedy
    assert CANARY not in str(caught.value)
    assert nothing_happened(ward)


def refused_at_the_gates(ward: Settings, *closed: str, **changes: object) -> GateClosedError:
    """Return the error after checking that the evaluation, and nothing else, is left of the attempt."""
    for _ in range(2):  # the second attempt finds the same and adds nothing
        with pytest.raises(GateClosedError) as caught:
            start(ward, **changes)
        (entry,) = Register(ward.register_url).entries()
        assert isinstance(entry.body, GatesEvaluated)
        assert (entry.round_id, entry.actor, entry.body.step) == ("2026-11-change", "mailround", "open_round")
        assert entry.body.closed == closed
        assert set(entry.body.passed) == {gate.id for gate in (*OPENING, *ITEMS)} - set(closed)
    assert not ward.vault.exists()
    assert not ward.data.exists()
    return caught.value


def test_a_round_that_the_contract_does_not_allow_leaves_only_the_evidence_of_its_refusal(ward: Settings) -> None:
    error = refused_at_the_gates(
        ward,
        *("contract_in_term", "handlers_designated", "responsible_designated", "contacts_verified"),
        issue_date="2027-03-30",
        posting_date="2027-04-01",
    )
    assert [number in error.happened for number in ("点検表1）", "点検表4）", "点検表12）")] == [True] * 3
    assert "契約の設定の期間を確かめてください" in error.remedy


def test_a_refused_round_is_opened_once_the_cause_is_mended(ward: Settings) -> None:
    with pytest.raises(GateClosedError):
        start(ward, issue_date="2027-03-30", posting_date="2027-04-01")
    assert start(ward)
    assert kinds(ward) == ["gates_evaluated", *OPENED]


@pytest.mark.parametrize(
    ("edit", "gate", "told"),
    [
        (("acknowledged_on: 2026-09-24", "acknowledged_on: 2026-11-25"), "flow_acknowledged", "（点検表5）"),
        (("inspected_on: 2026-09-18", "inspected_on: 2026-11-25"), "subcontractors_approved", "（点検表3）"),
        (("contacts_max_age_days: 180", "contacts_max_age_days: 53"), "contacts_verified", "（点検表12）"),
        (("division: 保護担当課", "division: 生活福祉課"), "two_divisions", "（点検表19）"),
        (
            ("piece_id, postcode, reason,", "piece_id, postcode,"),
            "items_approved",
            "項目があります［reason］（点検表1）",
        ),
        (("barcode, bundle, enclosure_set", "bundle, enclosure_set"), "items_approved", "［barcode］"),
        (("  change_notice:\n", "  another:\n"), "items_approved", "渡してよい項目が承認されていません"),
    ],
)
def test_a_contract_with_a_fault_opens_no_round(
    ward: Settings, tmp_path: Path, edit: tuple[str, str], gate: str, told: str
) -> None:
    own = own_include(ward, tmp_path)
    contract = own.include / "contracts" / "r8-print.yaml"
    text = contract.read_text(encoding="utf-8")
    assert edit[0] in text
    contract.write_text(text.replace(*edit), encoding="utf-8")
    assert told in refused_at_the_gates(own, gate).happened


def test_a_template_that_prints_one_value_more_opens_no_round_and_the_value_is_named(
    ward: Settings, tmp_path: Path
) -> None:
    own = own_include(ward, tmp_path)
    common = own.include / "templates" / "change_notice" / "common.yaml"
    text = common.read_text(encoding="utf-8")
    assert "{case_no}" in text
    common.write_text(text.replace("{case_no}", "{district}{case_no}", 1), encoding="utf-8")
    assert "承認されていない項目があります［district］" in refused_at_the_gates(own, "items_approved").happened


def test_a_round_of_another_run_gets_no_evaluation_from_a_stranger(ward: Settings) -> None:
    start(ward)
    with pytest.raises(RoundRefusedError, match="既に使われています"):
        start(ward, run_id="manual__2", posting_date="2027-04-01")
    assert kinds(ward) == OPENED


def test_a_round_opened_before_the_extractor_was_asked_for_is_opened_again_by_its_own_run(
    ward: Settings, tmp_path: Path
) -> None:
    """Its params, too, are those of the version that began it."""
    start(ward)
    evaluated, opened, stated = Register(ward.register_url).entries()
    older = ward.model_copy(update={"register_url": f"sqlite:///{tmp_path}/older/register.db"})
    Register(older.register_url).migrate()
    assert isinstance(opened.body, RoundOpened)
    body = opened.body.model_copy(update={"extracted_by": ""})
    Register(older.register_url).append(body, round_id=opened.round_id, actor="datateam", at=AT)
    assert start(older, extracted_by=...)
    found = [entry.body for entry in Register(older.register_url).entries()]
    assert found == [body, evaluated.body, stated.body]


def test_the_same_run_may_open_its_round_again_and_keeps_its_key(ward: Settings) -> None:
    start(ward)
    vault = Vault(ward.vault, ward.vault_identity)
    key = vault.open("2026-11-change", ROUND_KEY)
    start(ward)
    assert vault.open("2026-11-change", ROUND_KEY) == key
    assert kinds(ward) == OPENED


@pytest.mark.parametrize("hour", [0, 23])
def test_a_round_posted_on_the_day_it_is_opened_is_opened(ward: Settings, hour: int) -> None:
    """The day is Tokyo's: at midnight it is still the day before in London."""
    at = AT.replace(hour=hour).astimezone(UTC)
    params = PARAMS | {"issue_date": "2026-11-10", "posting_date": "2026-11-10"}
    assert open_round(ward, params, run_id="manual__1", triggered_by="datateam", at=at)


def test_a_round_cleared_after_its_posting_day_is_opened_again(ward: Settings) -> None:
    start(ward)
    late = AT.replace(month=12)
    assert open_round(ward, PARAMS, run_id="manual__1", triggered_by="datateam", at=late) == start(ward)
    assert kinds(ward) == OPENED


def test_templates_sound_but_changed_do_not_become_the_rounds_by_clearing_the_first_task(
    ward: Settings, tmp_path: Path
) -> None:
    own = own_include(ward, tmp_path)
    start(own)
    opened = Register(own.register_url).entries()
    common = own.include / "templates" / "common.yaml"
    text = common.read_text(encoding="utf-8")
    common.write_text(f"{text}\n# a comment only\n", encoding="utf-8")
    start(own)
    notice = own.include / "templates" / "change_notice" / "assistance" / "template.yaml"
    notice.write_text(notice.read_text(encoding="utf-8").replace("2025-04-01", "2025-04-02"), encoding="utf-8")
    start(own)
    assert Register(own.register_url).entries() == opened


def test_a_contract_edited_meanwhile_does_not_lose_the_round_and_every_edit_is_recorded(
    ward: Settings, tmp_path: Path
) -> None:
    own = own_include(ward, tmp_path)
    start(own)
    register = Register(own.register_url)
    contract = own.include / "contracts" / "r8-print.yaml"
    first = contract.read_text(encoding="utf-8")
    second = first.replace("id: officer2", "id: officer3")
    contract.write_text(f"{first}\n# a comment only\n", encoding="utf-8")
    start(own)
    assert kinds(own) == OPENED
    for text in (second, second, first, second):
        contract.write_text(text, encoding="utf-8")
        start(own)
    _, opened, *changes = (entry.body for entry in register.entries())
    assert isinstance(opened, RoundOpened)
    told = [each.contract_sha256 for each in changes if isinstance(each, ContractChanged)]
    assert told == [told[0], opened.contract_sha256, told[0]]
    said = [each.contract_sha256 for each in changes if isinstance(each, ContractStated)]
    assert said == [opened.contract_sha256, *told]
    assert len(changes) == 7
    assert load_round(own, "2026-11-change").opened == opened


def test_a_contract_edited_so_that_it_no_longer_covers_the_posting_day_opens_nothing_again(
    ward: Settings, tmp_path: Path
) -> None:
    own = own_include(ward, tmp_path)
    start(own)
    contract = own.include / "contracts" / "r8-print.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("end: 2027-03-31 }", "end: 2026-11-23 }"), encoding="utf-8")
    with pytest.raises(GateClosedError, match="点検表1"):
        start(own)
    assert kinds(own) == [*OPENED, "gates_evaluated"]
    refused = Register(own.register_url).entries()[-1].body
    assert isinstance(refused, GatesEvaluated)
    assert refused.closed == ("contract_in_term",)


def test_another_contract_is_another_round(ward: Settings, tmp_path: Path) -> None:
    own = own_include(ward, tmp_path)
    another_contract(own)
    start(own)
    with pytest.raises(RoundRefusedError, match="既に使われています"):
        start(own, contract="other")


@pytest.mark.parametrize("changes", [{"run_id": "manual__2"}, {"issue_date": "2026-11-19"}])
def test_a_round_id_is_used_once(ward: Settings, changes: dict[str, str]) -> None:
    start(ward)
    with pytest.raises(RoundRefusedError, match="既に使われています"):
        start(ward, **changes)
    assert kinds(ward) == OPENED


def test_a_destroyed_key_is_not_made_anew_by_clearing_the_first_task(
    open_a_round: Callable[..., RoundContext], settings: Settings
) -> None:
    work = open_a_round()
    work.vault.destroy(work.round_id, ROUND_KEY)
    open_a_round()
    assert not Vault(settings.vault, settings.vault_identity).holds(work.round_id, ROUND_KEY)


def test_a_source_deep_in_the_inbox_is_found(ward: Settings) -> None:
    found = source_path(ward, "2026-11/export.csv")
    assert found == (ward.inbox / "2026-11" / "export.csv").resolve()
    assert isinstance(found, Path)
