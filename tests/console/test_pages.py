"""The table of pages holds together, and what Airflow is told follows from it."""

from __future__ import annotations

import re
from typing import get_args

from mailround.console.pages import PAGES, TABS, external_views
from mailround.roles import ConsoleResource, load_roles
from mailround.settings import REPOSITORY

CONSOLE = REPOSITORY / "plugins" / "mailround" / "console"


def test_every_page_has_a_view_of_its_own_and_a_japanese_title() -> None:
    for page in PAGES:
        assert (CONSOLE / f"{page.view}.py").is_file()
        assert not page.title.isascii()
        assert page.needs in get_args(ConsoleResource)
    assert len({page.view for page in PAGES}) == len(PAGES)


def test_every_template_is_a_page_of_the_table_or_shared_by_them() -> None:
    named = {page.view for page in PAGES} | {"base", "fault"}
    assert {path.stem for path in (CONSOLE / "templates").glob("[!_]*.html")} <= named


def test_what_the_menu_offers_needs_nothing_but_a_click() -> None:
    assert all(not page.action and "{" not in page.path for page in PAGES if page.in_menu)


def test_every_resource_is_asked_for_by_a_page_and_given_to_somebody() -> None:
    roles = load_roles(REPOSITORY / "include")
    given = {resource for role in roles.roles for _, resource in roles.permissions(role)}
    assert {*get_args(ConsoleResource)} == {page.needs for page in PAGES}
    assert {*get_args(ConsoleResource)} <= given


def test_airflow_is_told_of_pages_under_its_own_path() -> None:
    patterns = [re.sub(r"\{[A-Za-z_]+\}", "{}", page.path) for page in PAGES]
    assert all(re.sub(r"\{[A-Za-z_]+\}", "{}", tab.path) in patterns for tab in TABS)
    assert external_views("")[0]["href"] == "/mailround/rounds"
    assert external_views("/airflow")[0]["href"] == "/airflow/mailround/rounds"
    assert external_views("/airflow")[0]["icon"].startswith("/airflow/mailround/static/")
