"""The sheet that both sides sign (確認記録票), printed by a handler: recorded first, as on the command line."""

from __future__ import annotations

from typing import get_args

from mailround.console.handlers import handled_round
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.handover import Handover, Item
from mailround.handover_sheet import print_sheet

ITEMS: tuple[Item, ...] = get_args(Item)


def show(visit: Visit) -> Answer:
    """Return the sheet's PDF, once it stands in the register that it is printed and by whom.

    Raises:
        NotFoundError: The register knows no such round, or there is no such sheet.
        NotForYouError: This person does not handle the rounds of the contract.
        GateClosedError: It is not the time for this sheet.
        RegisterError: The register does not verify; nothing is signed.
        VaultError: The register's signing key is not there.
    """
    work = handled_round(visit, Handover.responders, "確認記録票を出力できるのは")
    item = next((each for each in ITEMS if each == visit.asked["item"]), None)
    if item is None:
        raise NotFoundError(
            "確認記録票は、媒体かパスワード通知書のものです。", "回のページのボタンから出力してください。"
        )
    printed: list[bytes] = []
    print_sheet(work, item, printed.append, at=visit.at, actor=visit.user)
    return File(printed[0], "application/pdf", f"handover-sheet-{work.round_id}-{item}.pdf")
