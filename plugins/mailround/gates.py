"""Gates: preconditions of the control checklist, each one function of (facts, day) → a reason to refuse, or None.

A reason is a Japanese sentence that ends with its checklist number. Steps name the gates they need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from mailround.contracts import Contract
from mailround.errors import GateClosedError
from mailround.settings import TOKYO

Facts = TypeVar("Facts")
Gate = Callable[[Facts, date], str | None]


@dataclass(frozen=True, slots=True)
class Release:
    """The package's SHA-256 as sealed, as approved, and as the file on disk has it now; None where there is none.

    ``overtaken`` is the title of a step whose last work rests on something that was done anew since.
    """

    sealed: str | None
    approved: str | None
    on_disk: str | None
    overtaken: str | None = None


@dataclass(frozen=True, slots=True)
class ExportAge:
    """When the export was made (None: recorded by a version that did not say), and when it is to count.

    Hours matter, so the facts carry the moment: the answer's for an approval, the handing over itself for a medium.
    """

    created_at: datetime | None
    moment: datetime
    max_hours: int

    @property
    def good_until(self) -> datetime | None:
        """The last moment at which the export is not too old, in Tokyo's zone."""
        return self.created_at.astimezone(TOKYO) + timedelta(hours=self.max_hours) if self.created_at else None


def contract_in_term(contract: Contract, day: date) -> str | None:
    """Control 1: the day lies in the contract's term."""
    if contract.term.start <= day <= contract.term.end:
        return None
    return f"{day} は契約期間（{contract.term.start}〜{contract.term.end}）の外です（点検表1）"


def privacy_mark_valid(contract: Contract, day: date) -> str | None:
    """Control 1: the contractor's privacy mark has not expired."""
    if day <= contract.privacy_mark.expires:
        return None
    return f"{day} には委託先のプライバシーマークが失効しています（期限 {contract.privacy_mark.expires}、点検表1）"


def handlers_designated(contract: Contract, day: date) -> str | None:
    """Control 4: on both sides someone is designated on that day."""
    for title, people in (
        ("区の取扱者", contract.ward_handlers),
        ("区の承認者", contract.ward_approvers),
        ("委託先の取扱者", contract.contractor_handlers),
    ):
        if not any(person.valid_on(day) for person in people):
            return f"{day} に有効な{title}が指定されていません（点検表4）"
    return None


def package_unchanged(release: Release, _: date) -> str | None:
    """Control 7: the file on disk is the one that was encrypted, sealed and checked."""
    if release.on_disk is None:
        return "封緘したパッケージのファイルがありません（点検表7）"
    if release.on_disk != release.sealed:
        return "パッケージのファイルが封緘の記録と一致しません（点検表7）"
    return None


def nothing_done_anew(release: Release, _: date) -> str | None:
    """Control 19: what is approved is made of the last extraction, check and plan, not of earlier ones."""
    if release.overtaken is None:
        return None
    return f"「{release.overtaken}」の後に前の工程がやり直されたので、「{release.overtaken}」からやり直す（点検表19）"


def release_approved(release: Release, _: date) -> str | None:
    """Control 19: a second person approved exactly the sealed package."""
    if release.approved is None:
        return "引渡しの承認が管理簿にありません（点検表19）"
    if release.approved != release.sealed:
        return "承認されたパッケージと封緘の記録が一致しません（点検表19）"
    return None


def export_recent(age: ExportAge, _: date) -> str | None:
    """Control 5: the work goes as agreed, within the hours in which the data still describe the households."""
    if age.good_until is None or age.moment <= age.good_until:
        return None
    return f"データの作成から{age.max_hours}時間（期限 {age.good_until:%Y-%m-%d %H:%M}）を過ぎています（点検表5）"


OPENING: tuple[Gate[Contract], ...] = (contract_in_term, privacy_mark_valid, handlers_designated)
"""What must hold on the posting day before a round is opened, and on the day of every handover."""

APPROVAL: tuple[Gate[Release], ...] = (package_unchanged, nothing_done_anew)
"""What must hold when a release is approved."""

HANDOVER: tuple[Gate[Release], ...] = (package_unchanged, release_approved)
"""What must hold when the medium is handed over, beside OPENING."""

RECENT: tuple[Gate[ExportAge], ...] = (export_recent,)
"""What must hold at the moment of the approval, and at the moment the medium is handed over."""

_REMEDY = "契約の設定、管理簿、実際の書類を確かめ、原因を直してからやり直してください。"


def closed(gates: Sequence[Gate[Facts]], facts: Facts, day: date) -> tuple[str, ...]:
    """Return the reason of every gate that is closed."""
    return tuple(reason for gate in gates if (reason := gate(facts, day)))


def require(gates: Sequence[Gate[Facts]], facts: Facts, day: date, *, remedy: str = _REMEDY) -> None:
    """Pass, or refuse with every reason at once and the remedy.

    Raises:
        GateClosedError: At least one gate is closed.
    """
    if reasons := closed(gates, facts, day):
        raise GateClosedError("点検表の前提条件を満たしていません：" + "、".join(reasons) + "。", remedy)
