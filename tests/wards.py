"""Wards in temporary folders, as they were delivered or with one opened round."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from mailround.context import RoundContext, load_round
from mailround.open_round import open_round
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings
from printing import ROUND

NOW = datetime(2026, 11, 10, 9, 0, tzinfo=TOKYO)


def ward_in(folder: Path, **elsewhere: str) -> Settings:
    """Return the settings of a ward that has everything in one folder, but for what is elsewhere."""
    places: dict[str, Any] = {name: folder / name for name in ("inbox", "data", "outbox", "vault")}
    return Settings(
        **(places | elsewhere),
        vault_identity=folder / "vault-identity",
        register_url=f"sqlite:///{folder}/register/register.db",
        alert_to=("data@example.org",),
    )


def as_delivered(ward: Settings, folder: Path) -> bool:
    """Tell whether a ward in a folder has no other settings than it was given, and has opened no round yet."""
    given = ward_in(folder)
    unchanged = ward.model_copy(update={"include": given.include}) == given
    if not unchanged or ward.vault_identity.exists() or Register(ward.register_url).entries():
        return False
    return ward.include == given.include or contents(ward.include) == contents(given.include)


def contents(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def opened_in(
    ward: Settings,
    export: bytes = b"",
    *,
    round_id: str = ROUND,
    kind: str = "change_notice",
    layout: str = "shinjuku",
    contract: str = "r8-print",
) -> RoundContext:
    """Open a round over an export, whatever it holds."""
    (ward.inbox / "export.csv").write_bytes(export)
    open_round(
        ward,
        {
            "round_id": round_id,
            "kind": kind,
            "source": "export.csv",
            "layout": layout,
            "contract": contract,
            "extracted_by": "datateam",
            "issue_date": "2026-11-20",
            "posting_date": "2026-11-24",
        },
        run_id="manual__1",
        triggered_by="datateam",
        at=NOW,
    )
    return load_round(ward, round_id)
