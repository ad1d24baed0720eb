"""From an Airflow run to its round."""

from __future__ import annotations

from served import Served

from mailround.register.store import Register


def test_a_run_that_opened_a_round_or_reported_of_it_leads_to_it(served: Served, rounds: Register) -> None:
    for run_id, round_id in (("manual__2026-12-change", "2026-12-change"), ("manual__incident", "2026-11-change")):
        page = served.get("auditor", f"/runs/{run_id}")
        assert page.status_code == 200
        assert f"<h1>{round_id}" in page.text


def test_another_run_is_told_to_have_none(served: Served, rounds: Register) -> None:
    page = served.get("auditor", "/runs/scheduled__2026-11-30T08:00:00+09:00")
    assert page.status_code == 404
    assert "この実行についての回は、管理簿にありません" in page.text


def test_airflow_shows_it_beside_every_run(served: Served) -> None:
    told = served.people["auditor"].get("/api/v2/plugins").json()["plugins"]
    views = next(each["external_views"] for each in told if each["name"] == "mailround")
    (tab,) = (each for each in views if each["destination"] == "dag_run")
    assert tab["href"] == "/mailround/runs/{RUN_ID}"
