"""Pages from templates: every value is escaped, and one that is missing is a fault and no blank."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from mailround.console import words
from mailround.console.pages import PAGES, PREFIX

_TEMPLATES = Environment(
    loader=PackageLoader("mailround.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.filters |= words.FILTERS


def rendered(template: str, root: str, **shown: object) -> str:
    """Return a page.

    Args:
        template: Its file's name.
        root: The path under which the console is served.
        shown: What the template is filled with; without a ``visit`` there is no menu.
    """
    known = {"page": None, "visit": None, "pages": PAGES, "root": root, "airflow": root.removesuffix(PREFIX)}
    return _TEMPLATES.get_template(template).render(**known | shown)
