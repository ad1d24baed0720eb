"""A user of the REST API: what is asked of the server, what is made of its answers, and how a refusal is told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rest_api import Api, instance

from mailround.local import client
from mailround.local.client import AirflowUser, ClientError, TaskState

RUN = "/api/v2/dags/mailing_round/dagRuns/manual__1"


@pytest.fixture
def user(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirflowUser]:
    monkeypatch.setattr(client, "_SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(client, "_NEXT_TRY_SECONDS", 0.0)
    logged_in = AirflowUser(api.url, "officer", "right")
    yield logged_in
    logged_in.close()


def test_a_user_logs_in_once_and_speaks_with_its_token(api: Api, user: AirflowUser) -> None:
    api.answers["GET", "/api/v2/dags"] = {"dags": [{"dag_id": "mailing_round"}, {"dag_id": "deletion_watch"}]}
    assert user.dags() == {"mailing_round", "deletion_watch"}
    assert api.asked[0][2] == {"username": "officer", "password": "right"}
    assert api.tokens == ["", "Bearer token of officer"]


def test_a_wrong_password_is_refused_without_being_repeated(api: Api) -> None:
    with pytest.raises(ClientError) as caught:
        AirflowUser(api.url, "officer", "wrong one")
    assert "401 POST /auth/token" in caught.value.happened
    assert "officer" in caught.value.remedy
    assert "wrong one" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 500])
def test_a_refused_call_is_told_by_status_and_path(api: Api, user: AirflowUser, status: int) -> None:
    path = f"{RUN}/taskInstances/record_posting/-1/hitlDetails"
    api.answers["PATCH", path] = status
    with pytest.raises(ClientError, match=f"{status} PATCH {path}"):
        user.answer("manual__1", "record_posting", "記録する", posted=1)


def test_what_the_server_took_back_is_asked_for_again(api: Api, user: AirflowUser) -> None:
    api.answers["POST", "/api/v2/dags/mailing_round/dagRuns"] = [500, 500, {"dag_run_id": "manual__1"}]
    assert user.trigger({"round_id": "2026-11-change"}) == "manual__1"
    assert len(api.bodies("POST")) == 1 + 3  # and the login


def test_a_run_is_started_with_its_params_and_no_logical_date(api: Api, user: AirflowUser) -> None:
    api.answers["POST", "/api/v2/dags/mailing_round/dagRuns"] = {"dag_run_id": "manual__1"}
    assert user.trigger({"round_id": "2026-11-change"}) == "manual__1"
    assert api.asked[-1][2] == {"logical_date": None, "conf": {"round_id": "2026-11-change"}}
    api.answers["POST", "/api/v2/dags/deletion_watch/dagRuns"] = {"dag_run_id": "manual__2"}
    assert user.trigger({}, dag="deletion_watch") == "manual__2"
    api.answers["GET", RUN] = {"state": "running"}
    assert user.run_state("manual__1") == "running"


def test_tasks_come_in_the_order_in_which_they_started_and_those_that_have_not_come_last(
    api: Api, user: AirflowUser
) -> None:
    api.answers["GET", f"{RUN}/taskInstances?limit=200"] = {
        "task_instances": [
            instance("verify", None),
            instance("render", "running", "2026-11-10T10:00:02Z", map_index=1, pid=4711),
            instance("render", "success", "2026-11-10T10:00:02Z", map_index=0, duration=1.5),
            instance("extract", "success", "2026-11-10T10:00:01Z", end_date="2026-11-10T10:00:02Z"),
        ]
    }
    found = user.tasks("manual__1")
    assert [(each.task_id, each.map_index) for each in found] == [
        ("extract", -1),
        ("render", 0),
        ("render", 1),
        ("verify", -1),
    ]
    assert found[2] == TaskState("render", "工程 render", 1, "running", 1, "2026-11-10T10:00:02Z", None, None, 4711)
    assert (found[0].ended, found[1].duration) == ("2026-11-10T10:00:02Z", 1.5)


def test_an_answer_is_the_option_and_the_fields_given(api: Api, user: AirflowUser) -> None:
    form = f"{RUN}/taskInstances/record_posting/-1/hitlDetails"
    api.answers["GET", form] = {"subject": "発送の記録"}
    api.answers["PATCH", form] = {}
    assert user.request("manual__1", "record_posting") == {"subject": "発送の記録"}
    user.answer("manual__1", "record_posting", "記録する", posted_on="2026-11-24", posted=6)
    assert api.asked[-1] == (
        "PATCH",
        form,
        {"chosen_options": ["記録する"], "params_input": {"posted_on": "2026-11-24", "posted": 6}},
    )


def test_an_answer_is_not_given_before_the_task_has_settled(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(client.time, "sleep", slept.append)
    api.answers["PATCH", f"{RUN}/taskInstances/approve_release/-1/hitlDetails"] = {}
    user = AirflowUser(api.url, "approver", "right")
    user.answer("manual__1", "approve_release", "承認")
    user.close()
    assert slept == [3.0]


def test_a_log_is_one_text_of_the_try_asked_for(api: Api, user: AirflowUser) -> None:
    api.answers["GET", f"{RUN}/taskInstances/render/logs/2?map_index=3"] = {"content": ["one", {"event": "two"}]}
    assert user.log("manual__1", "render", try_number=2, map_index=3) == "one\n{'event': 'two'}"


def test_clearing_a_task_clears_what_follows_and_runs_it_for_real(api: Api, user: AirflowUser) -> None:
    api.answers["POST", "/api/v2/dags/mailing_round/clearTaskInstances"] = {"task_instances": []}
    user.clear("manual__1", "seal")
    body = api.asked[-1][2]
    assert (body["task_ids"], body["dag_run_id"]) == (["seal"], "manual__1")
    assert (body["dry_run"], body["include_downstream"], body["only_failed"]) == (False, True, False)


def test_every_call_about_a_run_can_be_made_of_another_dag(api: Api, user: AirflowUser) -> None:
    run, task = "/api/v2/dags/report_incident/dagRuns/manual__1", "close_incident"
    form = f"{run}/taskInstances/{task}/-1/hitlDetails"
    api.answers["GET", f"{run}/taskInstances?limit=200"] = {"task_instances": [instance(task, "success")]}
    api.answers["GET", form] = {"subject": "事故対応の終了"}
    api.answers["PATCH", form] = {}
    api.answers["GET", f"{run}/taskInstances/{task}/logs/1?map_index=-1"] = {"content": ["one"]}
    api.answers["POST", "/api/v2/dags/report_incident/clearTaskInstances"] = {}
    assert [each.task_id for each in user.tasks("manual__1", dag="report_incident")] == [task]
    assert user.request("manual__1", task, dag="report_incident") == {"subject": "事故対応の終了"}
    user.answer("manual__1", task, "記録する", dag="report_incident", outcome="回収済み")
    assert api.asked[-1][2] == {"chosen_options": ["記録する"], "params_input": {"outcome": "回収済み"}}
    assert user.log("manual__1", task, dag="report_incident") == "one"
    user.clear("manual__1", task, dag="report_incident")


def test_import_errors_are_told_whole(api: Api, user: AirflowUser) -> None:
    api.answers["GET", "/api/v2/importErrors"] = {"import_errors": [{"stack_trace": "Traceback …"}]}
    assert user.import_errors() == ["Traceback …"]


class Slow(BaseHTTPRequestHandler):
    """Takes its time, and knows how many calls it had to answer at once."""

    open_calls = most = 0

    def do_POST(self) -> None:
        Slow.open_calls += 1
        Slow.most = max(Slow.most, Slow.open_calls)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(0.02)
        Slow.open_calls -= 1
        body = b'{"access_token": "t", "dags": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()


def test_users_who_work_at_the_same_time_call_one_after_the_other() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server, ThreadPoolExecutor(5) as people:
        people.submit(server.serve_forever)
        users = [AirflowUser(f"http://127.0.0.1:{server.server_port}", name, "right") for name in "abcd"]
        try:
            assert [*people.map(lambda user: [user.dags() for _ in range(5)], users)] == [[set()] * 5] * 4
        finally:
            for user in users:
                user.close()
            server.shutdown()
    assert Slow.most == 1
