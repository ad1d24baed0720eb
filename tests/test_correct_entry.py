"""A correction is a counter-entry by a designated person, of what people told, with a reason out of a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from mailround.context import RoundContext
from mailround.correct_entry import CORRECTABLE, correct_entry
from mailround.errors import RegisterError
from mailround.model import CorrectionReason
from mailround.register.checkpoint import check, sign
from mailround.register.entries import (
    CheckpointKeyMade,
    Correction,
    Entry,
    MediaHandedOver,
    Posted,
    Purged,
    RoundOpened,
    latest,
)
from mailround.register.signing_key import make_key
from mailround.settings import TOKYO, Settings
from prepared import AT, own_include, record

REFERENCE = "8新福生第123号"
HANDED_OVER = MediaHandedOver(
    package_sha256="0" * 64,
    giver="officer",
    receiver="C-001",
    handed_over_at=AT,
    media_no="DVD-0001",
    quantity=1,
    bag_no="BAG-01",
    locked=True,
    storage="耐火金庫1",
)


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    """An opened round (gates, opening, contract: 1 to 3) with a handover (4)."""
    opened = open_a_round()
    record(opened, HANDED_OVER)
    return opened


def correct(
    settings: Settings,
    seq: int = 4,
    *,
    reference: str = REFERENCE,
    by: str = "officer2",
    at: datetime = AT,
) -> Entry:
    return correct_entry(settings, seq, reason=CorrectionReason.SLIP, reference=reference, by=by, at=at)


@pytest.mark.parametrize("by", ["officer2", "Officer2", "approver"])
def test_a_corrected_entry_no_longer_counts_and_stays(settings: Settings, work: RoundContext, by: str) -> None:
    made = correct(settings, by=by)
    assert made.body == Correction(corrects=4, reason="誤記", reference=REFERENCE)
    assert (made.seq, made.round_id, made.actor) == (5, work.round_id, by.lower())
    assert latest(work.entries, MediaHandedOver) is None
    assert [entry.seq for entry in work.entries] == [1, 2, 3, 4, 5]
    record(work, HANDED_OVER.model_copy(update={"bag_no": "BAG-02"}))
    told = latest(work.entries, MediaHandedOver)
    assert told
    assert told.bag_no == "BAG-02"
    assert work.register.verify().entries == 6


@pytest.mark.parametrize("by", ["", "nobody", "C-001", "officer ", "mailround"])
def test_only_a_designated_person_of_the_ward_corrects(settings: Settings, work: RoundContext, by: str) -> None:
    with pytest.raises(RegisterError, match="点検表4"):
        correct(settings, by=by)
    assert len(work.entries) == 4


def test_a_designation_must_cover_the_day(settings: Settings, work: RoundContext) -> None:
    with pytest.raises(RegisterError, match="点検表4"):
        correct(settings, at=datetime(2027, 4, 1, 0, 0, tzinfo=TOKYO))


@pytest.mark.parametrize("reference", ["", "番号なし", "髙﨑　𠮷郎", "1" * 41, "1\n2", "1;2"])
def test_a_reference_is_a_numbered_thing(settings: Settings, work: RoundContext, reference: str) -> None:
    with pytest.raises(RegisterError, match="起案・記録の番号") as refused:
        correct(settings, reference=reference)
    assert not reference or reference not in str(refused.value)
    assert len(work.entries) == 4


@pytest.mark.parametrize("seq", [0, 5, -1, 2**40])
def test_what_is_not_there_is_not_corrected(settings: Settings, work: RoundContext, seq: int) -> None:
    with pytest.raises(RegisterError, match=f"第{seq}号は、管理簿にありません"):
        correct(settings, seq)


def test_what_the_program_did_is_not_corrected_by_saying_so(settings: Settings, work: RoundContext) -> None:
    assert RoundOpened not in CORRECTABLE
    with pytest.raises(RegisterError, match="第2号（回の開始）は、訂正できない種類"):
        correct(settings, 2)


def test_a_correction_is_not_corrected_and_nothing_twice(settings: Settings, work: RoundContext) -> None:
    correct(settings)
    with pytest.raises(RegisterError, match="第4号は、既に訂正されています"):
        correct(settings)
    with pytest.raises(RegisterError, match="第5号（訂正）は、訂正できない種類"):
        correct(settings, 5)
    assert len(work.entries) == 5


def test_a_handover_is_not_corrected_once_its_package_is_gone(settings: Settings, work: RoundContext) -> None:
    record(work, Purged(files=1, keys=("round-key",), remaining=()))
    posted = {"handed_over": 7, "withdrawn": 0, "spoiled": 0, "reprinted": 0, "posted": 7}
    record(work, Posted(posted_on=AT.date(), **posted))
    with pytest.raises(RegisterError, match="廃棄の後は、引渡しの記録を訂正できません"):
        correct(settings)
    assert correct(settings, 6).body.kind == "correction"


def test_a_checkpoint_key_is_given_up_by_people_of_any_contract(
    settings: Settings, work: RoundContext, tmp_path: Path
) -> None:
    make_key(work.register, settings.checkpoint_key, at=AT)
    paper = sign(work.register, settings.checkpoint_key, at=AT)
    assert correct(settings, 5).round_id == "house"
    assert latest(work.register.entries("house"), CheckpointKeyMade) is None
    settings.checkpoint_key.unlink()
    make_key(work.register, settings.checkpoint_key, at=AT)
    assert len(check(work.register, [paper]).fingerprints) == 2


def test_the_contract_of_the_round_decides(settings: Settings, work: RoundContext, tmp_path: Path) -> None:
    own = own_include(settings, tmp_path / "own")
    contract = own.include / "contracts" / "r8-print.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("id: officer2", "id: officer3"), encoding="utf-8")
    with pytest.raises(RegisterError, match="点検表4"):
        correct(own)
    assert correct(own, by="officer3").actor == "officer3"
