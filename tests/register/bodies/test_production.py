"""The making of a package: groups of chunks are told apart, everything else a round has once at a time."""

from __future__ import annotations

from mailround.register.bodies import production
from mailround.register.bodies.body import Body


def test_only_groups_of_chunks_and_views_of_pages_stand_beside_each_other() -> None:
    kinds = [each for each in vars(production).values() if isinstance(each, type) and issubclass(each, Body)]
    beside = {kind.__name__: kind.identity for kind in kinds if kind.identity}
    group = ("first", "last")
    assert beside == {"Rendered": group, "Verified": group, "ProofPageViewed": ("viewer", "page", "viewed_at")}


def test_who_extracted_is_unknown_of_rounds_opened_before_that_was_asked() -> None:
    said = {
        "round_kind": "change_notice",
        "source": "a.csv",
        "layout": "seto",
        "contract": "r8-print",
        "contract_sha256": "c" * 64,
        "issue_date": "2026-11-10",
        "posting_date": "2026-11-24",
        "triggered_by": "datateam",
        "run_id": "manual__1",
    }
    assert production.RoundOpened.model_validate(said).extracted_by == ""
