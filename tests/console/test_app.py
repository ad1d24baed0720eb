"""The console inside the real web application of Airflow: who gets what, and in which words they are refused."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from served import Served
from starlette.routing import Route

from mailround.console.app import KEPT, STATIC, build
from mailround.console.pages import PAGES
from mailround.local.people import USERS
from mailround.register.store import Register
from mailround.roles import load_roles
from mailround.settings import REPOSITORY

ROLES = load_roles(REPOSITORY / "include")
SPECIMEN = {"kind": "change_notice", "population": "support", "household": "plain"}
EXAMPLES = {
    "round_id": "2026-11-change",
    "run_id": "manual__1",
    "form": "json",
    "seq": "1",
    "page": "1",
    "item": "media",
    "side": "now",
    **SPECIMEN,
}
"""What stands for a part of a path; a right is looked at before the thing."""
OUTSIDE = re.compile(rb"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9.-]+", re.IGNORECASE)


def routes() -> list[tuple[str, str]]:
    """Return method and path of everything that the built application answers, whoever put it there."""
    found = []
    for route in build().routes:
        assert isinstance(route, Route), f"{route} is no plain route: what stands behind it, nobody looks through"
        found += [(method, route.path.format(**EXAMPLES)) for method in sorted(route.methods or ())]
    return found


def test_the_application_is_the_table_and_its_static_files() -> None:
    expected = [("POST" if page.action else "GET", page.path.format(**EXAMPLES)) for page in PAGES]
    assert routes() == expected + [("GET", f"/static/{name}") for name in STATIC]


def test_nothing_answers_somebody_who_is_not_logged_in(served: Served) -> None:
    assert routes()
    for method, path in routes():
        refused = served.nobody.request(method, f"/mailround{path}", headers={"Sec-Fetch-Site": "same-origin"})
        assert refused.status_code == 401, path
        assert "ログインしていないか" in refused.text


def test_a_false_token_is_no_login(served: Served) -> None:
    for _, path in routes():
        answer = httpx.get(f"{served.url}/mailround{path}", cookies={"_token": "a.b.c"})
        assert answer.status_code in {401, 403, 405}, path


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_page_is_seen_by_the_roles_that_the_file_names_and_by_no_others(served: Served, user: object) -> None:
    name, role = user.name, user.role  # type: ignore[attr-defined]
    of_nobody = EXAMPLES | {"round_id": "2099-01-none"}  # a round's own people are another question
    for page in PAGES:
        may = ("can_read", page.needs) in ROLES.permissions(role)
        answer = served.people[name].request(
            "POST" if page.action else "GET",
            f"/mailround{page.path.format(**of_nobody)}",
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert (answer.status_code == 403) is not may, (page.path, answer.status_code)
        if not may:
            assert "あなたの役割では、このページを見られません" in answer.text


@pytest.mark.parametrize(
    "path", ["/none", "/rounds/", "/static/none.css", "/static/../app.py", "/docs", "/openapi.json"]
)
def test_what_is_not_there_is_a_page_too(served: Served, path: str) -> None:
    answer = served.get("auditor", path)
    assert answer.status_code == 404
    assert "このページはありません" in answer.text


def test_every_answer_carries_the_headers_and_names_no_other_host(served: Served) -> None:
    answers = [served.get("auditor", path) for _, path in routes()]
    answers += [served.nobody.get("/mailround/rounds"), served.get("admin", "/none")]
    for answer in answers:
        csp = answer.headers["content-security-policy"]
        assert csp.startswith("default-src 'none'")
        assert "unsafe" not in csp
        assert answer.headers["x-content-type-options"] == "nosniff"
        kept = "/static/" in str(answer.url) and answer.status_code == 200
        assert answer.headers["cache-control"] == (KEPT if kept else "no-store")
        assert not OUTSIDE.search(answer.content.replace(served.url.encode(), b"")), answer.url


def test_no_template_holds_script_style_or_a_handler_of_its_own() -> None:
    folder = REPOSITORY / "plugins" / "mailround" / "console"
    templates = sorted((folder / "templates").glob("*.html"))
    assert templates
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|\|\s*safe", text), path


def test_airflow_offers_the_console_to_everybody(served: Served) -> None:
    for name in served.people:
        told = served.people[name].get("/api/v2/plugins").json()["plugins"]
        (ours,) = (each for each in told if each["name"] == "mailround")
        assert ours["external_views"][0]["href"] == "/mailround/rounds"


def test_the_proxy_lets_airflow_show_the_console_in_its_frame_and_nobody_else() -> None:
    proxy = (REPOSITORY / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert re.findall(r"X-Frame-Options (\w+)", proxy) == ["SAMEORIGIN"]


def test_what_a_page_needs_and_is_not_there_is_told_in_words_and_logged_without_them(
    served: Served, rounds: Register
) -> None:
    """A register that is away: any fault of a page that nobody foresaw."""
    database = Path(str(rounds.url).removeprefix("sqlite:///"))
    aside = database.rename(database.with_suffix(".aside"))
    try:
        answer = served.get("auditor", "/rounds/2026-11-change")
    finally:
        database.unlink(missing_ok=True)
        aside.rename(database)
    assert answer.status_code == 500
    assert "コンソールの不具合で、このページを表示できません" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    log = (database.parent.parent / "log").read_text(encoding="utf-8")
    assert "OperationalError in a page of the console" in log
    assert "no such table" not in log
