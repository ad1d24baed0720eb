"""Every page of the console as a row: routes, the menu and what Airflow shows of it all fall out of this table.

A page is added by a row here, a module beside this one with a function ``show`` and, for HTML, a template of the same
name (docs/adr/0034). This module is imported in every component of Airflow: a row names its view and imports nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from mailround.roles import ConsoleResource
from mailround.settings import CONSOLE

PREFIX = CONSOLE
MENU_TITLE = "一斉送付"


@dataclass(frozen=True, slots=True)
class Page:
    """One route.

    ``view`` is the module in this package whose ``show`` answers; what that returns is put into the template of that
    name, unless it is a `visit.File`. Whoever lacks ``can_read`` on ``needs`` gets a refusal. ``action`` marks what is
    not just looked at: it is asked for by POST, from the console's own pages only.
    """

    path: str
    title: str
    needs: ConsoleResource
    view: str
    in_menu: bool = False
    action: bool = False


PAGES: tuple[Page, ...] = (
    Page("/rounds", "回の一覧", "mailround: Rounds", "rounds", in_menu=True),
    Page("/rounds/{round_id}", "回", "mailround: Rounds", "round"),
    Page("/rounds/{round_id}/evidence/{form}", "証跡報告書", "mailround: Rounds", "round_evidence"),
    Page("/rounds/{round_id}/manifest", "目録", "mailround: Rounds", "round_manifest"),
    Page(
        "/rounds/{round_id}/handover-sheet/{item}",
        "確認記録票",
        "mailround: Handover sheets",
        "handover_sheet",
        action=True,
    ),
    Page("/rounds/{round_id}/holds", "保留の一覧", "mailround: Holds", "holds"),
    Page("/rounds/{round_id}/proof", "承認用見本", "mailround: Proofs", "proof"),
    Page("/rounds/{round_id}/proof/{page}", "承認用見本の頁", "mailround: Proofs", "proof_page"),
    Page("/rounds/{round_id}/templates", "様式の比較", "mailround: Proofs", "round_templates"),
    Page(
        "/rounds/{round_id}/templates/{side}/{population}/{household}/{page}",
        "様式の比較の頁",
        "mailround: Proofs",
        "round_template_page",
    ),
    Page("/due", "期限", "mailround: Due", "due", in_menu=True),
    Page("/due/calendar", "期限（カレンダー）", "mailround: Due", "due_calendar"),
    Page("/register", "管理簿", "mailround: Register", "register", in_menu=True),
    Page("/register/verification", "管理簿の検証", "mailround: Register", "verification"),
    Page("/register/verify", "管理簿の検証を始める", "mailround: Register", "verify_register", action=True),
    Page("/register/export/{form}", "管理簿の書き出し", "mailround: Register", "register_export"),
    Page("/register/{seq}", "管理簿の記録", "mailround: Register", "register_entry"),
    Page("/specimens", "様式の見本", "mailround: Specimens", "specimens", in_menu=True),
    Page(
        "/specimens/{kind}/{population}/{household}/{page}",
        "様式の見本の頁",
        "mailround: Specimens",
        "specimen_page",
    ),
    Page("/runs/{run_id}", "実行の回", "mailround: Rounds", "run"),
)
HOME = PAGES[0].path


@dataclass(frozen=True, slots=True)
class Tab:
    """What Airflow's own screens show of a page: in its side bar, or as a tab of every run."""

    name: str
    path: str
    destination: Literal["nav", "dag_run"]
    url_route: str


TABS: tuple[Tab, ...] = (
    Tab(MENU_TITLE, HOME, "nav", "mailround"),
    Tab("回のページ", "/runs/{RUN_ID}", "dag_run", "mailround-run"),
)
"""Airflow puts the id of the run in the place of ``{RUN_ID}``."""


def external_views(base: str) -> list[dict[str, Any]]:
    """Return what Airflow is told of the console's pages.

    Args:
        base: The path that Airflow itself is served under; empty at the root of its host.
    """
    return [
        {
            "name": tab.name,
            "href": f"{base}{PREFIX}{tab.path}",
            "destination": tab.destination,
            "url_route": tab.url_route,
            "icon": f"{base}{PREFIX}/static/icon.svg",
            "icon_dark_mode": f"{base}{PREFIX}/static/icon-dark.svg",
            "nav_top_level": tab.destination == "nav",
        }
        for tab in TABS
    ]
