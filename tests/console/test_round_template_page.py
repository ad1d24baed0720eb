"""One page of either notice as a picture."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from visited import visit

from mailround.console import round_template_page
from mailround.console.visit import File, NotFoundError
from mailround.context import RoundContext
from mailround.errors import PrintError, WorkspaceError
from mailround.kept_templates import templates_path
from mailround.model import Recipient
from mailround.plan_print import plan_print
from prepared import AT
from printing import other_template, put
from proofs import close_before

LAST = "2026-08-change"
ASKED = {"side": "before", "population": "assistance", "household": "plain", "page": "1"}


def planned(work: RoundContext, make_recipient: Callable[..., Recipient]) -> None:
    close_before(work, LAST, other_template(lambda content: content["texts"].update(title="保護変更のお知らせ")))
    put(work, [make_recipient()])
    plan_print(work, at=AT)


@pytest.fixture
def work(round_after: Callable[..., RoundContext]) -> RoundContext:
    return round_after(planned)


def picture(work: RoundContext, **asked: str) -> bytes:
    file = round_template_page.show(visit(work.settings, round_id=work.round_id, **(ASKED | asked)))
    assert isinstance(file, File)
    assert (file.media_type, file.name) == ("image/png", "")
    return file.content


def test_each_side_is_drawn_with_its_own_template(work: RoundContext) -> None:
    before, now = (picture(work, side=side) for side in ("before", "now"))
    assert before.startswith(b"\x89PNG")
    assert before == picture(work)
    assert before != now
    same = [picture(work, side=side, population="support") for side in ("before", "now")]
    assert same[0] == same[1]


def test_it_leaves_no_entry_and_no_file(work: RoundContext) -> None:
    roots = (work.settings.data, work.settings.outbox, work.settings.vault)
    before = len(work.register.entries()), {path for root in roots for path in root.rglob("*")}
    picture(work)
    assert before == (len(work.register.entries()), {path for root in roots for path in root.rglob("*")})


@pytest.mark.parametrize("wrong", [{"side": "x"}, {"population": "x"}, {"household": "x"}, {"page": "x"}])
def test_what_there_is_not_is_told(work: RoundContext, wrong: dict[str, str]) -> None:
    with pytest.raises(NotFoundError):
        picture(work, **wrong)


def test_a_page_that_the_notice_lacks_is_told(work: RoundContext) -> None:
    with pytest.raises(PrintError, match="頁はありません"):
        picture(work, page="2")


def test_what_was_altered_is_not_drawn_and_what_was_not_kept_is_not_there(work: RoundContext) -> None:
    path = templates_path(work.settings, LAST)
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    with pytest.raises(WorkspaceError, match="一致しません"):
        picture(work, side="now")
    path.unlink()
    with pytest.raises(NotFoundError, match="比べる様式がありません"):
        picture(work)
