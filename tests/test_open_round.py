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
from mailround.model import Opened, Population
from mailround.open_round import open_round, source_path
from mailround.register.entries import ContractChanged, RoundOpened
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


def nothing_happened(ward: Settings) -> bool:
    return Register(ward.register_url).entries() == () and not ward.vault.exists() and not ward.data.exists()


def test_an_opened_round_has_its_keys_and_one_entry_that_holds_its_params(ward: Settings) -> None:
    assert start(ward) == Opened(round_id="2026-11-change")
    vault = Vault(ward.vault, ward.vault_identity)
    assert vault.holds("2026-11-change", ROUND_KEY)
    assert vault.holds("2026-11-change", INDEX_KEY)
    assert vault.open("2026-11-change", ROUND_KEY) != vault.open("2026-11-change", INDEX_KEY)
    (entry,) = Register(ward.register_url).entries()
    assert isinstance(entry.body, RoundOpened)
    assert entry.body.source == "2026-11/export.csv"
    assert (entry.body.triggered_by, entry.actor) == ("datateam", "datateam")
    assert len(entry.body.contract_sha256) == 64
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
        ({"issue_date": "2027-03-30", "posting_date": "2027-04-01"}, GateClosedError, "点検表1"),
        ({"issue_date": "2027-03-30", "posting_date": "2027-04-01"}, GateClosedError, "点検表4"),
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


def test_the_same_run_may_open_its_round_again_and_keeps_its_key(ward: Settings) -> None:
    start(ward)
    vault = Vault(ward.vault, ward.vault_identity)
    key = vault.open("2026-11-change", ROUND_KEY)
    start(ward)
    assert vault.open("2026-11-change", ROUND_KEY) == key
    assert len(Register(ward.register_url).entries()) == 1


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
    assert len(Register(ward.register_url).entries()) == 1


def test_templates_sound_but_changed_do_not_become_the_rounds_by_clearing_the_first_task(
    ward: Settings, tmp_path: Path
) -> None:
    own = own_include(ward, tmp_path)
    start(own)
    (opened,) = Register(own.register_url).entries()
    common = own.include / "templates" / "common.yaml"
    text = common.read_text(encoding="utf-8")
    common.write_text(f"{text}\n# a comment only\n", encoding="utf-8")
    start(own)
    notice = own.include / "templates" / "change_notice" / "assistance" / "template.yaml"
    notice.write_text(notice.read_text(encoding="utf-8").replace("2025-04-01", "2025-04-02"), encoding="utf-8")
    start(own)
    assert Register(own.register_url).entries() == (opened,)


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
    assert len(register.entries()) == 1
    for text in (second, second, first, second):
        contract.write_text(text, encoding="utf-8")
        start(own)
    opened, *changes = (entry.body for entry in register.entries())
    assert isinstance(opened, RoundOpened)
    told = [each.contract_sha256 for each in changes if isinstance(each, ContractChanged)]
    assert told == [told[0], opened.contract_sha256, told[0]]
    assert len(changes) == 3
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
    assert len(Register(own.register_url).entries()) == 1


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
    assert len(Register(ward.register_url).entries()) == 1


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
