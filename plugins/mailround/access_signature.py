"""The signature under a month's access review: a responsible person says in the UI what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from mailround.contracts import Person, load_contract
from mailround.errors import GateClosedError
from mailround.forms import Answer, Form, Label, Settled, table
from mailround.register.entries import AccessReviewed, AccessReviewSigned, Body, standing

if TYPE_CHECKING:
    from mailround.context import Work
    from mailround.settings import Settings


class AccessSignature(Form):
    """What a responsible person of the ward says of the review that this run has made.

    Its methods take a `Work`: they ask for nothing that only a round has.
    """

    step: ClassVar[str] = "sign_access_review"
    subject: ClassVar[str] = "アクセスの点検報告書を確かめ、署名してください"
    options: ClassVar[tuple[str, ...]] = ("署名する",)
    records: ClassVar[type[Body]] = AccessReviewSigned

    judgement: Literal[
        "問題はなかった", "指摘を確かめ、業務上の理由があった", "事故として報告した", "是正を指示した"
    ] = Field(title="判断", description="報告書を読み、指摘の一つ一つを本人か所属に確かめた結果を選ぶ。")
    reference: Label = Field(
        title="起案・記録の番号", description="報告書をとじた文書の番号（例：8新福生第160号）。氏名は入力しない。"
    )

    @classmethod
    def needed(cls, work: Work) -> bool:
        """Ask while the last report that this run has made is not signed."""
        made = _made(work)
        return made is None or all(
            (each.month, each.access_report_sha256) != (made.month, made.access_report_sha256)
            for each in standing(work.entries, AccessReviewSigned)
        )

    @classmethod
    def lapsed(cls, work: Work, moment: object) -> bool:  # noqa: ARG003 - the interface of forms
        """Never: what is signed is signed."""
        return False

    @classmethod
    def body(cls, work: Work) -> str:
        """Show which report to read, by its hash.

        Raises:
            GateClosedError: This run has made no report, or another run has made the month's report anew.
        """
        made = _required(work)
        rows = (
            ("対象月", made.month),
            ("報告書", f"送付物の置き場の access-review/{made.month}.pdf"),
            ("報告書のSHA-256", f"`{made.access_report_sha256}`"),
            ("指摘", f"{made.findings:,}件"),
            ("指摘のある利用者", "、".join(f"`{each}`" for each in made.subjects) or "なし"),
        )
        return (
            "報告書を開いて読み、指摘があれば本人か所属に確かめてから、署名してください。指摘のある利用者は、署名できません。"
            f"\n\n{table(rows)}\n\n氏名や住所は入力しないでください。"
        )

    @classmethod
    def responders(cls, work: Work) -> tuple[Person, ...]:
        """Return the ward's responsible persons of every contract."""
        return tuple(
            person
            for contract in _contracts(work.settings)
            for person in load_contract(work.settings.include, contract).responsible.ward
        )

    def objections(self, work: Work, answer: Answer) -> Iterable[str]:
        """Refuse whoever the review is about, and a clean word where there are findings."""
        made = _required(work)
        if answer.responder and answer.responder.casefold() in {each.casefold() for each in made.subjects}:
            yield "この報告書には、回答した本人についての指摘があります。別の取扱責任者が確かめて署名してください。"
        if made.findings and self.judgement == "問題はなかった":
            yield f"報告書には指摘が{made.findings:,}件あります。確かめた結果を「判断」で選んでください。"

    def outcome(self, work: Work, answer: Answer) -> Settled:  # noqa: ARG002 - the interface of forms
        """Record the signature; the actor of the entry signs.

        Raises:
            GateClosedError: As for `body`.
        """
        made = _required(work)
        return Settled(
            AccessReviewSigned(month=made.month, access_report_sha256=made.access_report_sha256, **self.model_dump())
        )


def _contracts(settings: Settings) -> list[str]:
    return sorted(path.stem for path in (settings.include / "contracts").glob("*.yaml"))


def _made(work: Work) -> AccessReviewed | None:
    """Return the review that this run has made last, unless another run has made one of that month since."""
    reviews = standing(work.entries, AccessReviewed)
    own = [each for each in reviews if each.run_id == work.run_id]
    latest_of = {each.month: each for each in reviews}
    return own[-1] if own and latest_of[own[-1].month] is own[-1] else None


def _required(work: Work) -> AccessReviewed:
    made = _made(work)
    if made is None:
        raise GateClosedError(
            "この実行の点検報告書が管理簿にないか、別の実行が同じ月の報告書を作り直しています。",
            "新しいほうの実行の様式で署名してください。どちらにもなければ、初めの工程を Clear してください。",
        )
    return made
