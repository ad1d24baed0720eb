"""Pages from templates."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from mailround.console.rendering import rendered

FAULT = {"title": "a", "status": 404, "happened": "<b>x</b>", "remedy": "y"}


def test_a_value_is_escaped_and_links_go_to_where_the_console_is_served() -> None:
    page = rendered("fault.html", "/airflow/mailround", **FAULT)
    assert "&lt;b&gt;x" in page
    assert 'href="/airflow/mailround/static/console.css"' in page
    assert 'href="/airflow/" target="_top"' in page


def test_a_value_that_is_missing_is_a_fault_and_no_blank() -> None:
    with pytest.raises(UndefinedError):
        rendered("fault.html", "/mailround", title="a")
