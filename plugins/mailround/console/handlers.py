"""What of a round only those may do who handle it: the contract says who, as for the forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailround.console.proof import round_of
from mailround.console.visit import Visit
from mailround.context import RoundContext
from mailround.contracts import Person
from mailround.errors import NotForYouError
from mailround.forms import designated


def handled_round(visit: Visit, responders: Callable[[RoundContext], Iterable[Person]], what: str) -> RoundContext:
    """Return the round that the address names, for one of its handlers.

    Args:
        visit: Who asks, and for which round.
        responders: Those of the form which this is to inform or to prepare.
        what: What only handlers may do, as a Japanese clause that ends in のは.

    Raises:
        NotFoundError: The register knows no such round.
        NotForYouError: This person does not handle the rounds of the contract today.
    """
    work = round_of(visit)
    if not designated(responders(work), visit.user, visit.today):
        raise NotForYouError(
            f"{what}、この回の契約で取扱者に指定され、期間内の人だけです。",
            "取扱者に頼むか、システム担当に契約設定の更新を依頼してください。",
        )
    return work
