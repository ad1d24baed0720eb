"""The templates that a round was printed with, kept beside its evidence report: the next round is compared with them.

They hold no personal data and outlive the purge. The file is, byte for byte, what the register's digest of the
templates is over: `sha256sum` alone proves it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from mailround.errors import WorkspaceError
from mailround.model import Population
from mailround.private_files import read, replacing
from mailround.settings import Location, Settings
from mailround.templates import Template, written

KEPT = "templates.jsonl"
"""The file's name; a line of JSON for each population, in the order of their names."""


def templates_path(settings: Settings, round_id: str) -> Location:
    """Return where the templates of a round are kept."""
    return settings.outbox / round_id / "evidence" / KEPT


def keep_templates(settings: Settings, round_id: str, templates: Mapping[Population, Template]) -> None:
    """Keep the templates of all populations; doing it again writes the same."""
    with replacing(templates_path(settings, round_id)) as file:
        file.write(written(templates))


def read_templates(settings: Settings, round_id: str, sha256: str) -> dict[Population, Template] | None:
    """Return the templates of a round; None where none are kept, as of a round that an earlier version planned.

    Args:
        settings: The ward's.
        round_id: The round.
        sha256: The digest that its plan in the register holds.

    Raises:
        WorkspaceError: The file is not what the register stands for, or an earlier version wrote it in another form.
    """
    try:
        content = read(templates_path(settings, round_id))
    except FileNotFoundError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise WorkspaceError(
            f"回「{round_id}」の保存した様式（{KEPT}）が、管理簿に記録した様式と一致しません。",
            "保存した後に書き換えられています。ファイルに触らずに、システム担当へ連絡してください。",
        )
    try:
        return {
            population: Template.model_validate_json(line).model_copy(update={"population": population})
            for population, line in zip(sorted(Population), content.splitlines(), strict=True)
        }
    except ValueError:  # pydantic's ValidationError is one
        raise WorkspaceError(
            f"回「{round_id}」の保存した様式（{KEPT}）は、今の版では読めない形です。",
            "その回を計画したときの版の記録として保管し、比べるときは決裁した様式案を見てください。",
        ) from None
