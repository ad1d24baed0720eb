"""The proof: the package's own pages behind a cover that names nobody, made again to the byte, gone with the key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace

import pypdfium2
import pytest
import pyzipper

from answered import report
from mailround.approve_release import ReleaseApproval
from mailround.context import PASSWORD, RoundContext
from mailround.errors import GateClosedError, PackageError, PrintError, WorkspaceError
from mailround.model import Population, Recipient
from mailround.plan_print import plan_print
from mailround.proof import CHOSEN, LIST, PAGES, make_proof, show_proof
from mailround.purge import purge
from mailround.register.entries import (
    HoldsDecided,
    PrintPlanned,
    ProofMade,
    ProofShown,
    QualityChecked,
    latest,
    standing,
)
from mailround.render import render
from mailround.seal import package_path, seal
from mailround.strata import FILES, STRATA, Chosen
from mailround.verify import verify
from prepared import AT, hand_over, post, print_round, record
from printing import put
from proofs import pages_of

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]

CANARY, PLACE = "伽奈利亜", "カナリア第二荘"
CHUNK = 4


def recipients(make_recipient: Maker) -> list[Recipient]:
    """Return households of every sort, each with the canaries in its name and building."""
    sorts: Sequence[dict[str, object]] = (
        {},
        {"name": f"邊󠄈　{CANARY}"},
        {"name": f"𠮷田　{CANARY}"},
        {"population": Population.SUPPORT, "reason": "支給額の変更"},
        {"population": Population.EQUIVALENT, "name": f"Maximiliano Alejandro {CANARY}"},
        {"reason": "世帯の状況に変更があったときは、速やかに担当員へ届け出てください。" * 11},
        {"postcode": "160-0000"},
        {
            "mailto_name": f"成年後見人　{CANARY}",
            "mailto_postcode": "173-0015",
            "mailto_reason": "後見人",
            "mailto_address": "東京都板橋区栄町90-2",
            "mailto_building": PLACE,
        },
        {"protected": True},
        {},
    )
    plain = {"name": f"髙﨑　{CANARY}", "building": f"{PLACE}101号"}
    return [
        make_recipient(**(plain | sort), record_no=number, address=f"東京都新宿区新宿一丁目{number}番3号")
        for number, sort in enumerate(sorts, 1)
    ]


def in_small_files(work: RoundContext) -> RoundContext:
    return replace(work, kind=work.kind.model_copy(update={"chunk_size": CHUNK}))


def printed(work: RoundContext, records: Sequence[Recipient]) -> RoundContext:
    """Take a round through the real steps up to the seal, in files of four pieces."""
    work = in_small_files(work)
    put(work, records)
    for group in plan_print(work, at=AT):
        verify(work, render(work, group, at=AT), at=AT)
    seal(work, at=AT)
    return work


def seal_one_of_every_sort(opened: RoundContext, make_recipient: Maker) -> None:
    printed(opened, recipients(make_recipient))


@pytest.fixture
def work(round_after: Opener) -> RoundContext:
    return in_small_files(round_after(seal_one_of_every_sort))


@contextmanager
def opened(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    with closing(pypdfium2.PdfDocument(content)) as document:
        yield document


def text_of(document: pypdfium2.PdfDocument, page: int) -> str:
    with closing(document[page]) as opened_page, closing(opened_page.get_textpage()) as text:
        return str(text.get_text_range())


def picture_of(document: pypdfium2.PdfDocument, page: int) -> str:
    with closing(document[page]) as opened_page, closing(opened_page.render(scale=1)) as bitmap:
        return hashlib.sha256(bytes(bitmap.buffer)).hexdigest()


def listed(work: RoundContext) -> tuple[Chosen, ...]:
    return work.workspace.read_records(LIST, CHOSEN)


def member(work: RoundContext, name: str) -> bytes:
    with pyzipper.AESZipFile(package_path(work.settings, work.round_id)) as archive:
        archive.setpassword(work.vault.open(work.round_id, PASSWORD))
        return bytes(archive.read(name))


def cover_of(work: RoundContext) -> str:
    made = latest(work.entries, ProofMade)
    assert made is not None
    with opened(pages_of(work)) as document:
        count = made.pages - sum(each.pages for each in listed(work))
        return "".join(text_of(document, page) for page in range(count))


def test_every_page_behind_the_cover_is_the_packages_own(work: RoundContext) -> None:
    made = make_proof(work, at=AT)
    with opened(pages_of(work)) as proof:
        assert len(proof) == made.pages
        place = made.pages - sum(each.pages for each in listed(work))
        for each in listed(work):
            with opened(member(work, each.file)) as package:
                for page in range(each.first_page - 1, each.first_page - 1 + each.pages):
                    assert text_of(proof, place) == text_of(package, page)
                    assert each.piece_id in text_of(proof, place)
                    assert picture_of(proof, place) == picture_of(package, page)
                    place += 1


def test_first_and_last_piece_of_each_file_and_every_sort_are_in_it(work: RoundContext) -> None:
    make_proof(work, at=AT)
    chosen = {each.seq: each for each in listed(work)}
    assert {1, 4, 5, 8, 9, 10} <= set(chosen)
    assert [chosen[seq].file[-7:-4] for seq in (1, 4, 5, 8, 9, 10)] == ["001", "001", "002", "002", "003", "003"]
    reasons = {reason for each in chosen.values() for reason in each.reasons}
    absent = {"送付先：入院", "送付先：施設", "送付先：その他", "減額が大きい", "補助フォントの文字"}
    assert reasons == {stratum.title for stratum in STRATA} - absent
    assert [each.pages for each in chosen.values() if "2頁にわたる" in each.reasons] == [2]


def test_the_cover_says_which_package_and_where_each_piece_comes_from(work: RoundContext) -> None:
    make_proof(work, at=AT)
    cover = cover_of(work)
    sealed = hashlib.sha256(package_path(work.settings, work.round_id).read_bytes()).hexdigest()
    for words in ("承認用見本", "3 個\r\n", work.round_id, sealed, "10 通（11 頁）", "送付先：入院", "該当なし"):
        assert words in cover
    lines = cover.splitlines()
    page = 3
    for each in listed(work):
        [line] = [line for line in lines if each.piece_id in line]
        assert line.split()[:4] == [str(page), str(each.seq), each.piece_id, each.file]
        assert line.split()[4] == str(each.first_page)
        page += each.pages


def test_an_empty_stratum_is_told_and_a_full_one_counted(work: RoundContext) -> None:
    make_proof(work, at=AT)
    told = dict(
        line.rsplit(maxsplit=1) for line in cover_of(work).replace(" 通\r\n", "通\r\n").splitlines() if " " in line
    )
    for stratum in STRATA:
        count = sum(stratum.title in each.reasons for each in listed(work))
        assert told[stratum.title] == (f"{count}通" if count else "該当なし"), stratum.title


def test_nobody_is_named_but_on_the_pages_themselves(work: RoundContext) -> None:
    make_proof(work, at=AT)
    approval(work)
    shown = [
        cover_of(work),
        work.workspace.read(LIST).decode(),
        ReleaseApproval.body(work),
        *(entry.text for entry in work.entries),
    ]
    assert not [text for text in shown if CANARY in text or PLACE in text or "四丁目" in text or "新宿一丁目" in text]
    kept = [path for root in (work.settings.data, work.settings.outbox) for path in root.rglob("*") if path.is_file()]
    assert not [path for path in kept if CANARY.encode() in path.read_bytes() or b"%PDF" in path.read_bytes()]


def approval(work: RoundContext) -> None:
    """Leave what the approval's question asks for beside the proof."""
    report(work)
    checked = {"rows": 10, "printable": 10, "held": 0, "excluded": 0, "warned": 0}
    planned = latest(work.entries, PrintPlanned)
    assert planned is not None
    body = QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256=planned.checked_sha256, **checked)
    record(work, body)
    record(work, HoldsDecided(held=0, go_on=True, answered_at=AT))


def test_made_again_it_is_the_same_to_the_byte_and_recorded_once(work: RoundContext) -> None:
    first, content = make_proof(work, at=AT), pages_of(work)
    assert make_proof(work, at=AT.replace(hour=12)) == first
    assert pages_of(work) == content
    assert hashlib.sha256(content).hexdigest() == first.sha256
    assert len(standing(work.entries, ProofMade)) == 1


def test_a_round_of_one_piece_has_a_proof_of_one(open_a_round: Opener, make_recipient: Maker) -> None:
    work = printed(open_a_round(), [make_recipient()])
    made = make_proof(work, at=AT)
    assert (made.pieces, made.pages) == (1, 3)
    assert {"ファイルの先頭", "ファイルの末尾", "生活保護"} <= set(listed(work)[0].reasons)


def test_a_june_round_has_a_proof_too(open_a_round: Opener, make_recipient: Maker) -> None:
    june = open_a_round(round_id="2026-11-asset", kind="asset_declaration")
    work = printed(june, [replace(each, decision=None) for each in recipients(make_recipient)])
    make_proof(work, at=AT)
    assert {each.file[:13] for each in listed(work)} == {"print/sheets-"}


def test_a_long_list_goes_over_several_covers_with_no_piece_cut_in_two(
    open_a_round: Opener, make_recipient: Maker
) -> None:
    work = open_a_round()
    print_round(work, make_recipient, pieces=120, chunk_size=2)
    seal(work, at=AT)
    made = make_proof(work, at=AT)
    assert made.pieces == len(listed(work)) > 2 * FILES
    cover = cover_of(work)
    assert [cover.count(each.piece_id) for each in listed(work)] == [1] * made.pieces
    assert f"60 個（先頭と末尾を見本にしたのは、そのうち均等に選んだ {FILES} 個）" in cover
    pages = made.pages - sum(each.pages for each in listed(work))
    assert f"表紙 {pages}／{pages}" in cover
    assert pages > 2


def test_what_changes_in_the_workspace_after_the_seal_does_not_reach_the_proof(work: RoundContext) -> None:
    content = (make_proof(work, at=AT), pages_of(work))
    work.workspace.write("print/notices-001", work.workspace.read("print/notices-002"))
    assert (make_proof(work, at=AT), pages_of(work)) == content


@pytest.mark.parametrize(("fault", "words"), [("changed", "一致しません"), ("missing", "ファイルがありません")])
def test_a_package_that_is_not_the_sealed_one_gives_no_proof(work: RoundContext, fault: str, words: str) -> None:
    package = package_path(work.settings, work.round_id)
    if fault == "missing":
        package.unlink()
    else:
        package.write_bytes(package.read_bytes()[:-1] + b"\1")
    with pytest.raises(PackageError, match=words):
        make_proof(work, at=AT)
    assert standing(work.entries, ProofMade) == []
    assert work.workspace.names("proof") == ()


def test_nothing_sealed_gives_no_proof(open_a_round: Opener) -> None:
    with pytest.raises(GateClosedError, match="封緘の記録がない"):
        make_proof(open_a_round(), at=AT)


def test_a_cover_the_font_cannot_print_is_refused_not_drawn_as_boxes(work: RoundContext) -> None:
    strange = replace(work, kind=work.kind.model_copy(update={"title": "通知😀"}))
    with pytest.raises(PrintError, match="印字できない文字"):
        make_proof(strange, at=AT)


def test_the_question_names_the_proof_and_asks_for_it_anew_after_another_sealing(work: RoundContext) -> None:
    approval(work)
    with pytest.raises(GateClosedError, match="承認用見本の作成"):
        ReleaseApproval.body(work)
    first = make_proof(work, at=AT)
    text = ReleaseApproval.body(work)
    assert f"| 承認用見本のSHA-256 | `{first.sha256}` |" in text
    assert f"| 承認用見本 | {first.pieces} 通（表紙とも {first.pages} 頁） |" in text
    assert f"mailround proof {work.round_id}" in text
    seal(work, at=AT)
    with pytest.raises(GateClosedError, match="封緘したパッケージのものではありません"):
        ReleaseApproval.body(work)
    second = make_proof(work, at=AT)
    assert second.sha256 != first.sha256
    assert second.sha256 in ReleaseApproval.body(work)


def test_every_copy_is_recorded_before_it_is_delivered(work: RoundContext) -> None:
    delivered: list[bytes] = []
    made = make_proof(work, at=AT)

    def jammed(_: bytes) -> None:
        raise OSError

    show_proof(work, delivered.append, at=AT)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the printer raises comes through
        show_proof(work, jammed, at=AT)
    show_proof(work, delivered.append, at=AT)
    assert standing(work.entries, ProofShown) == [ProofShown(proof_sha256=made.sha256, copy_no=no) for no in (1, 2, 3)]
    assert delivered == [pages_of(work)] * 2


def test_a_proof_that_is_not_the_recorded_one_is_not_shown(work: RoundContext) -> None:
    make_proof(work, at=AT)
    with work.workspace.write_blocks(PAGES) as write:
        write(b"%PDF-another")
    with pytest.raises(WorkspaceError, match="管理簿の記録と一致しません"):
        show_proof(work, lambda _: pytest.fail("it was delivered"), at=AT)
    assert standing(work.entries, ProofShown) == []


def test_there_is_none_to_show_before_the_seal(open_a_round: Opener) -> None:
    with pytest.raises(GateClosedError, match="まだありません"):
        show_proof(open_a_round(), lambda _: pytest.fail("it was delivered"), at=AT)


def test_there_is_none_to_show_after_the_purge(work: RoundContext) -> None:
    make_proof(work, at=AT)
    hand_over(work)
    post(work)
    purge(work, at=AT)
    with pytest.raises(GateClosedError, match="鍵とともに廃棄した"):
        show_proof(work, lambda _: pytest.fail("it was delivered"), at=AT)
    assert standing(work.entries, ProofShown) == []
