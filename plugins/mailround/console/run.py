"""The page of the round that an Airflow run is about: a tab beside the run's own."""

from __future__ import annotations

from mailround.console import round as of_round
from mailround.console.visit import Answer, NotFoundError, Visit
from mailround.register.entries import IncidentReported, RoundOpened, WithdrawalRequested


def show(visit: Visit) -> Answer:
    """Return the page of the round.

    Raises:
        NotFoundError: The run opened no round, and neither reported an incident of one nor asked for pieces of it.
    """
    run_id = visit.asked["run_id"]
    for entry in visit.register.of_kinds((RoundOpened, IncidentReported, WithdrawalRequested)):
        if getattr(entry.body, "run_id", "") == run_id:
            return of_round.show(visit.about(round_id=entry.round_id))
    raise NotFoundError(
        "この実行についての回は、管理簿にありません。",
        "回の一覧から選んでください。回の開始が終わっていないときは、少し待って開き直してください。",
    )
