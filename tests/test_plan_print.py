"""The print plan: everything printable once, in postal order, under ids that tell nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pytest

from mailround.barcodes import bars, code_words, decode_bars
from mailround.bundle_words import wordings
from mailround.check_quality import check_quality
from mailround.context import RoundContext
from mailround.delivery_offices import load_delivery_offices
from mailround.errors import CountMismatchError, GateClosedError, PrintError, WorkspaceError
from mailround.external_sort import external_sort
from mailround.fonts import Font
from mailround.hold_release import UNPRINTED, load_holds, read_rules, write_release, write_report
from mailround.model import ChunkGroup, Delivery, Piece, Recipient
from mailround.piece_id import ALPHABET, is_piece_id
from mailround.plan_print import FONT, LISTED, PIECES, list_name, plan_print
from mailround.records import write_recipients
from mailround.register.entries import HoldsReleased, PrintPlanned, QualityChecked, latest, standing
from mailround.sample_households import sample_recipients
from mailround.templates import digest
from mailround.workspace import Workspace
from prepared import AT as NOW
from prepared import record
from printing import put, templates

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


def plan(work: RoundContext, recipients: Sequence[Recipient], **report: Sequence[str]) -> list[Piece]:
    put(work, recipients, **report)
    plan_print(work, at=NOW)
    chunks = [name for name in work.workspace.names("plan") if "chunk" in name]
    return [piece for name in chunks for piece in work.workspace.read_records(name, PIECES)]


@pytest.fixture
def work(open_a_round: Opener) -> RoundContext:
    return open_a_round()


def test_pieces_are_in_postal_order(work: RoundContext, make_recipient: Maker) -> None:
    rows = [
        ("1620052", "東京都新宿区戸山二丁目1"),
        ("160-0022", "東京都新宿区新宿二丁目1"),
        ("1600022", "東京都新宿区新宿一丁目1"),
        ("169-0075", "東京都新宿区高田馬場一丁目1"),
        ("160-0004", "東京都新宿区四谷一丁目1"),
    ]
    recipients = [
        make_recipient(record_no=each, postcode=postcode, address=address)
        for each, (postcode, address) in enumerate(rows, 1)
    ]
    pieces = plan(work, recipients)
    assert [piece.seq for piece in pieces] == [1, 2, 3, 4, 5]
    assert [piece.recipient.record_no for piece in pieces] == [5, 3, 2, 1, 4]
    assert [piece.bundle for piece in pieces] == ["160-001", "160-002", "160-002", "162-001", "169-001"]


def test_the_mail_to_address_decides_the_order(work: RoundContext, make_recipient: Maker) -> None:
    elsewhere = make_recipient(
        record_no=1, mailto_postcode="1690075", mailto_address="東京都新宿区高田馬場一丁目1", mailto_name="後見人"
    )
    assert [each.recipient.record_no for each in plan(work, [elsewhere, make_recipient(record_no=2)])] == [2, 1]


@pytest.mark.parametrize(("until", "goes"), [(date(2026, 11, 24), "mail-to"), (date(2026, 11, 23), "residence")])
def test_where_a_piece_goes_is_settled_for_the_posting_day(
    work: RoundContext, make_recipient: Maker, until: date, goes: str
) -> None:
    recipient = make_recipient(
        mailto_postcode="1690075", mailto_address="東京都新宿区高田馬場9-8-7", mailto_until=until
    )
    (piece,) = plan(work, [recipient])
    assert piece.to == recipient.addressee(work.opened.posting_date)
    assert (piece.to.postcode, piece.bundle, piece.barcode) == {
        "mail-to": ("1690075", "169-001", bars(code_words("1690075", "9-8-7"))),
        "residence": ("160-0022", "160-001", bars(code_words("1600022", "1-2-3-101"))),
    }[goes]


@pytest.mark.parametrize(("days", "postable"), [((5, 0, 9), 0), ((5, -1, 9), 5), ((-1, -9), None), ((), None)])
def test_the_register_says_until_when_every_piece_may_be_posted(
    work: RoundContext, make_recipient: Maker, days: tuple[int, ...], postable: int | None
) -> None:
    """Days after the posting day on which mail-tos expire; those that are over already lead to the residence."""
    posting = work.opened.posting_date
    away = {"mailto_postcode": "1690075", "mailto_address": "東京都新宿区高田馬場一丁目1"}
    recipients = [
        make_recipient(record_no=number, **away, mailto_until=posting + timedelta(days=each))
        for number, each in enumerate(days, 2)
    ]
    held = make_recipient(record_no=99, **away, mailto_until=posting)
    plan(work, [make_recipient(record_no=1), *recipients, held], held=[held.case_no])
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    assert planned.postable_until == (None if postable is None else posting + timedelta(days=postable))


def test_what_is_held_excluded_or_for_the_counter_is_not_printed(work: RoundContext, make_recipient: Maker) -> None:
    recipients = [make_recipient(record_no=each) for each in range(1, 6)]
    pieces = plan(work, recipients, held=["0000002"], excluded=["0000004"], counter=["0000005"])
    assert [piece.recipient.case_no for piece in pieces] == ["0000001", "0000003"]


@pytest.mark.parametrize(
    ("held", "excluded", "counter"),
    [
        (["0000002"], ["0000002"], []),
        (["0000002"], [], ["0000002"]),
        (["0000009"], [], []),
        ([], ["0000008", "0000009"], []),
        ([], [], ["0000009"]),
    ],
)
def test_counts_that_do_not_reconcile_stop_with_both_numbers(
    work: RoundContext, make_recipient: Maker, held: list[str], excluded: list[str], counter: list[str]
) -> None:
    recipients = [make_recipient(record_no=each) for each in range(1, 4)]
    with pytest.raises(CountMismatchError, match="取込3件"):
        plan(work, recipients, held=held, excluded=excluded, counter=counter)


def test_a_case_twice_among_the_printed_stops(work: RoundContext, make_recipient: Maker) -> None:
    with pytest.raises(CountMismatchError):
        plan(work, [make_recipient(case_no="0000001"), make_recipient(case_no="0000001")])


def test_nothing_left_to_print_stops(work: RoundContext, make_recipient: Maker) -> None:
    with pytest.raises(CountMismatchError, match="0件"):
        plan(work, [make_recipient(record_no=1)], held=["0000001"])


def test_ids_are_valid_unique_and_the_same_again_but_not_in_another_round(
    open_a_round: Opener, make_recipient: Maker
) -> None:
    recipients = [make_recipient(record_no=each) for each in range(1, 40)]
    one, other = open_a_round(), open_a_round(round_id="2026-11-other")
    ids = [piece.piece_id for piece in plan(one, recipients)]
    assert all(map(is_piece_id, ids))
    assert len(set(ids)) == len(ids)
    assert ids == [piece.piece_id for piece in plan(one, list(reversed(recipients)))]
    assert not set(ids) & {piece.piece_id for piece in plan(other, recipients)}


def test_chunks_are_cut_and_shared_out_in_contiguous_groups(work: RoundContext, make_recipient: Maker) -> None:
    small = work.kind.model_copy(update={"chunk_size": 2})
    object.__setattr__(work, "kind", small)
    put(work, [make_recipient(record_no=each) for each in range(1, 12)])
    groups = plan_print(work, at=NOW)
    assert groups == [
        ChunkGroup(round_id=work.round_id, first=first, last=last) for first, last in [(1, 1), (2, 3), (4, 4), (5, 6)]
    ]
    last = work.workspace.read_records("plan/chunk-006", PIECES)
    assert [(piece.seq, piece.chunk, piece.file) for piece in last] == [(11, 6, "print/notices-006.pdf")]


def test_a_small_round_has_no_empty_group(work: RoundContext, make_recipient: Maker) -> None:
    put(work, [make_recipient()])
    assert plan_print(work, at=NOW) == [ChunkGroup(round_id=work.round_id, first=1, last=1)]


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (("160-0022", "東京都新宿区新宿一丁目2番3号", "新宿ハイツ101号室"), code_words("1600022", "1-2-3-101")),
        (("1000013", "東京都千代田区霞が関1丁目3番2号", "郵便プラザ503室"), code_words("1000013", "1-3-2-503")),
        (("163-8001", "東京都新宿区西新宿二丁目8番1号", ""), code_words("1638001", "")),
    ],
)
def test_a_piece_carries_the_bars_of_its_addressee(
    work: RoundContext, make_recipient: Maker, to: tuple[str, str, str], words: tuple[str, ...]
) -> None:
    residence = make_recipient(record_no=1, postcode=to[0], address=to[1], building=to[2])
    elsewhere = make_recipient(record_no=2, mailto_postcode=to[0], mailto_address=to[1], mailto_building=to[2])
    assert [decode_bars(piece.barcode) for piece in plan(work, [residence, elsewhere])] == [words, words]


def test_a_piece_of_a_representative_code_carries_no_bars(work: RoundContext, make_recipient: Maker) -> None:
    (piece,) = plan(work, [make_recipient(postcode="160-0000", address="東京都新宿区1-2-3")])
    assert piece.barcode == ""


def test_a_notice_for_the_counter_is_not_printed_after_a_real_check(work: RoundContext, make_recipient: Maker) -> None:
    ways = [Delivery.COUNTER, Delivery.POST, Delivery.COUNTER]
    own = [{"kana": f"カナ{each}", "document_no": f"{each}", "address": f"新宿区新宿1-{each}"} for each in range(1, 4)]
    changes = [fields | {"delivery": way} for fields, way in zip(own, ways, strict=True)]
    put(work, [make_recipient(record_no=each, **fields) for each, fields in enumerate(changes, 1)])
    checked = check_quality(work, at=NOW)
    assert (checked.printable, checked.counter) == (1, 2)
    plan_print(work, at=NOW)
    (piece,) = work.workspace.read_records("plan/chunk-001", PIECES)
    assert piece.recipient.record_no == 2


def test_the_list_beside_a_chunk_says_the_same_of_its_pieces_and_nothing_of_the_household(
    work: RoundContext, make_recipient: Maker
) -> None:
    object.__setattr__(work, "kind", work.kind.model_copy(update={"chunk_size": 2}))
    away = {"mailto_postcode": "192-0046", "mailto_address": "東京都八王子市明神町三丁目1番1号"}
    changes = [{"postcode": "160-0022"}, {"postcode": "1600022"}, away, {"mailto_postcode": "192-0046"}]
    pieces = plan(work, [make_recipient(record_no=number, **each) for number, each in enumerate(changes, 1)])
    listed = [each for number in (1, 2) for each in work.workspace.read_records(list_name(number), LISTED)]
    assert [each.postcode for each in listed] == ["1600022", "1600022", "1600022", "1920046"]
    for piece, each in zip(pieces, listed, strict=True):
        assert {name: value for name, value in each._asdict().items() if name != "postcode"} == {
            name: getattr(piece, name) for name in each._fields if name != "postcode"
        }
        assert not {piece.recipient.name, piece.recipient.case_no, piece.recipient.address} & set(map(str, each))


def test_the_rounds_font_prints_the_bundle_list(work: RoundContext, make_recipient: Maker) -> None:
    plan(work, [make_recipient()])
    sections = load_delivery_offices(work.settings.include).sections()
    font = Font(work.workspace.read(FONT))
    assert [text for text in wordings(sections.values()) if font.missing(text)] == []


def test_the_rounds_font_prints_every_name_and_every_template(work: RoundContext, make_recipient: Maker) -> None:
    plan(work, [make_recipient(name="邊󠄉　𠮷郎", reason="齋藤様の転入のため。")])
    font = Font(work.workspace.read(FONT))
    assert font.missing("邊󠄉𠮷郎齋藤様教示審査請求0123456789") == ""
    assert font.missing("鬱")


@pytest.mark.parametrize("changes", [{"name": "山\ue000田"}, {"reason": "葛\U000e0100の理由"}, {"postcode": "160"}])
def test_what_should_have_been_held_is_refused_without_its_content(
    work: RoundContext, make_recipient: Maker, changes: dict[str, str]
) -> None:
    with pytest.raises(PrintError) as caught:
        plan(work, [make_recipient(**changes)])
    assert not any(value in str(caught.value) for value in changes.values())


def test_the_register_holds_counts_and_a_second_run_adds_nothing(work: RoundContext, make_recipient: Maker) -> None:
    recipients = [make_recipient(record_no=each) for each in range(1, 4)]
    plan(work, recipients)
    entries = work.entries
    plan(work, recipients)
    assert work.entries == entries
    body = latest(entries, PrintPlanned)
    assert body is not None
    assert (body.pieces, body.chunks, body.bundles) == (3, 1, 1)
    assert body.templates_sha256 == digest(templates())
    assert body.delivery_offices_sha256 == load_delivery_offices(work.settings.include).digest()


def test_a_later_run_with_fewer_pieces_leaves_no_chunk_of_the_earlier_one_in_its_groups(
    work: RoundContext, make_recipient: Maker
) -> None:
    object.__setattr__(work, "kind", work.kind.model_copy(update={"chunk_size": 2}))
    recipients = [make_recipient(record_no=each) for each in range(1, 6)]
    put(work, recipients)
    assert plan_print(work, at=NOW)[-1].last == 3
    put(work, recipients, held=["0000001", "0000002", "0000003"])
    assert [(group.first, group.last) for group in plan_print(work, at=NOW)] == [(1, 1)]


@pytest.mark.parametrize(("run", "block"), [(1, 1), (2, 1), (3, 2), (100, 100)])
def test_the_plan_is_the_same_however_little_is_held(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch, run: int, block: int
) -> None:
    recipients = sample_recipients(60, 3, work.kind, faults=False, wide=True).recipients
    plan(work, recipients)
    first = {name: work.workspace.read(name) for name in work.workspace.names("plan")}
    monkeypatch.setattr("mailround.plan_print._RUN", run)
    monkeypatch.setattr("mailround.plan_print._BLOCK", block)
    plan(work, recipients[::-1])
    assert {name: work.workspace.read(name) for name in work.workspace.names("plan")} == first


def test_a_killed_plan_takes_the_font_of_the_plan_before(
    work: RoundContext, make_recipient: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its chunks may be half of this plan and half of that one: nothing can be drawn until a plan is whole."""
    plan(work, [make_recipient()])
    monkeypatch.setattr("mailround.plan_print.list_name", interrupted_at(1))
    with pytest.raises(KeyboardInterrupt):
        plan(work, [make_recipient(name="林")])
    assert FONT not in work.workspace.names("plan")


@pytest.mark.parametrize("what", ["records", "unprinted", "rules"])
def test_what_is_not_what_was_checked_is_not_planned(work: RoundContext, make_recipient: Maker, what: str) -> None:
    """An extraction or a check was cut off before its entry: counts and case numbers are the same."""
    put(work, [make_recipient()])
    checked = check_quality(work, at=NOW)
    assert checked.printable == 1
    if what == "records":
        write_recipients(work.workspace, [make_recipient(address="東京都新宿区新宿9-9-9")])
    elif what == "unprinted":
        work.workspace.write(UNPRINTED, work.workspace.read(UNPRINTED) + b" ")
    else:
        rules = [replace(each, message=f"{each.message}！") for each in read_rules(work.workspace)]
        write_report(work.workspace, load_holds(work).unprinted, rules)
    with pytest.raises(GateClosedError, match="データ検査からやり直して"):
        plan_print(work, at=NOW)
    assert latest(work.entries, PrintPlanned) is None


@pytest.mark.parametrize("spoil", ["another household", "another rule", "nothing left"])
def test_a_release_other_than_the_recorded_one_is_not_printed(
    work: RoundContext, make_recipient: Maker, spoil: str
) -> None:
    disagreeing = {"address": "東京都新宿区四谷1-2", "kana": "ヨツヤ　ジロウ", "document_no": "2"}
    put(work, [make_recipient(record_no=1), make_recipient(record_no=2, **disagreeing)])
    checked = check_quality(work, at=NOW)
    assert checked.held == 1
    recorded = latest(work.entries, QualityChecked)
    assert recorded is not None
    said = {"rule": "A04", "cases": 1, "reason": "データは正しい（例外）", "reference": "第1号"}
    sha256 = write_release(work, "A04", ["0000002"])
    release = HoldsReleased(checked_sha256=recorded.checked_sha256, sha256=sha256, answered_at=NOW, **said)
    record(work, release)
    name = f"quality/release-{sha256}"
    if spoil == "nothing left":
        work.workspace.delete(name)
    else:
        rule, case_no = ("A04", "0000001") if spoil == "another household" else ("P04", "0000002")
        work.workspace.write(name, json.dumps({"rule": rule, "case_nos": [case_no]}).encode())
    with pytest.raises((GateClosedError, WorkspaceError)):
        plan_print(work, at=NOW)
    write_release(work, "A04", ["0000002"])
    plan_print(work, at=NOW)
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    assert (planned.pieces, planned.released) == (2, 1)


@pytest.mark.parametrize("changes", [{"name": "林　太郎"}, {"address": "東京都新宿区新宿9-9-9"}, {"members": 9}])
def test_the_plan_has_a_digest_of_all_that_it_holds(
    work: RoundContext, make_recipient: Maker, changes: dict[str, Any]
) -> None:
    """Without it a plan done anew would leave no other entry, and pages of the one before would pass for its own."""
    for recipient in (make_recipient(), make_recipient(), make_recipient(**changes)):
        plan(work, [recipient])
    first, second = standing(work.entries, PrintPlanned)
    assert first.plan_sha256 != second.plan_sha256


def test_what_a_killed_plan_left_is_not_read_and_goes(
    work: RoundContext, make_recipient: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(work, "kind", work.kind.model_copy(update={"chunk_size": 2}))
    monkeypatch.setattr("mailround.plan_print._RUN", 2)
    recipients = [make_recipient(record_no=each) for each in range(1, 9)]
    with monkeypatch.context() as patch:
        patch.setattr("mailround.plan_print.list_name", interrupted_at(3))
        with pytest.raises(KeyboardInterrupt):
            plan(work, recipients)
    assert {"plan/run-004", "plan/chunk-003"} <= set(work.workspace.names("plan"))
    assert FONT not in work.workspace.names("plan")  # so that none of it can be printed
    assert latest(work.entries, PrintPlanned) is None

    pieces = plan(work, recipients, held=["0000001", "0000002", "0000003", "0000004", "0000005"])
    assert [each.recipient.case_no for each in pieces] == ["0000006", "0000007", "0000008"]
    kept = [*(f"plan/{what}-{number:03d}" for what in ("chunk", "list") for number in (1, 2)), FONT]
    assert sorted(work.workspace.names("plan")) == sorted(kept)


def interrupted_at(number: int) -> Callable[[int], str]:
    def name(each: int) -> str:
        if each == number:
            raise KeyboardInterrupt
        return list_name(each)

    return name


def test_a_piece_lost_while_sorting_stops_with_both_numbers(
    work: RoundContext, make_recipient: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(*arguments: Any, **sizes: Any) -> Any:
        return islice(external_sort(*arguments, **sizes), 1, None)

    monkeypatch.setattr("mailround.plan_print.external_sort", losing)
    with pytest.raises(CountMismatchError, match=r"3件.*2件"):
        plan(work, [make_recipient(record_no=each) for each in range(1, 4)])
    assert latest(work.entries, PrintPlanned) is None


def test_two_cases_whose_ids_would_be_alike_have_different_ones(
    work: RoundContext, make_recipient: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    derive = Workspace.derive

    def alike(workspace: Workspace, label: str) -> bytes:
        found = derive(workspace, label)
        return b"alike" + found[5:] if label.startswith("piece-id/0/") else found

    monkeypatch.setattr(Workspace, "derive", alike)
    pieces = plan(work, [make_recipient(record_no=each) for each in range(1, 4)])
    assert len({each.piece_id for each in pieces}) == 3
    assert all(is_piece_id(each.piece_id) for each in pieces)


def test_the_rounds_font_prints_any_id(work: RoundContext, make_recipient: Maker) -> None:
    plan(work, [make_recipient()])
    assert Font(work.workspace.read(FONT)).missing(ALPHABET) == ""
