"""A ward in a folder of its own, with one opened round; each step runs in a process of its own, as a worker does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from households import households

from mailround.context import RoundContext, load_round
from mailround.extract import CONTROL_SUFFIX, Totals
from mailround.layouts import load_layout
from mailround.open_round import open_round
from mailround.register.entries import PrintPlanned, latest
from mailround.register.store import Register
from mailround.rounds import load_round_kind
from mailround.samples import control_of, export_lines
from mailround.settings import TOKYO, Settings

_STEP = Path(__file__).with_name("step.py")


class Ward:
    """One ward and its round."""

    def __init__(self, folder: Path, count: int) -> None:
        """Export so many households and open a change-notice round over them, dated today."""
        places = {
            **{name: str(folder / name) for name in ("inbox", "data", "outbox", "vault")},
            "vault_identity": str(folder / "identity"),
            "alert_to": "bench@mailround.invalid",
            "register_url": f"sqlite:///{folder}/register/register.db",
        }
        self._settings = Settings.model_validate(places)
        self._environment = os.environ | {f"MAILROUND_{name.upper()}": value for name, value in places.items()}
        self._settings.inbox.mkdir(mode=0o700)
        Register(self._settings.register_url).migrate()
        now = datetime.now(TOKYO)
        kind = load_round_kind(self._settings.include, "change_notice")
        layout, totals, digest = (
            load_layout(self._settings.include, "shinjuku"),
            Totals(decision=kind.decision),
            sha256(),
        )
        with (self._settings.inbox / "bench.csv").open("wb") as file:
            for line in export_lines(households(count, kind), layout, totals):
                digest.update(line)
                file.write(line)
        control = control_of(totals, digest.hexdigest(), now)
        (self._settings.inbox / f"bench.csv{CONTROL_SUFFIX}").write_bytes(control)
        self.round_id = f"{now:%Y-%m}-bench"
        params = {
            "round_id": self.round_id,
            "kind": kind.name,
            "source": "bench.csv",
            "layout": "shinjuku",
            "contract": "demo",
            "extracted_by": "datateam",
            "issue_date": now.date().isoformat(),
            "posting_date": now.date().isoformat(),
        }
        open_round(self._settings, params, run_id="bench", triggered_by="bench", at=now)

    @property
    def round(self) -> RoundContext:
        """The round, as its steps find it."""
        return load_round(self._settings, self.round_id)

    @property
    def bundles(self) -> int:
        """How many bundles the round is planned in."""
        planned = latest(self.round.entries, PrintPlanned)
        return planned.bundles if planned else 0

    def step(self, name: str, **environment: str) -> dict[str, Any]:
        """Run a step of ``step.py`` over the whole round in a process of its own and return its figures."""
        return run_script([sys.executable, _STEP, name, self.round_id], self._environment | environment)

    def script(self, *command: str | Path, given: str) -> dict[str, Any]:
        """Run another script on the round, with that on its stdin, and return its figures."""
        return run_script([sys.executable, *command], self._environment, given)


def run_script(
    command: list[str | Path], environment: dict[str, str] | None = None, given: str | None = None
) -> dict[str, Any]:
    """Run a script that prints its figures as JSON in its last line; a failure is shown and ends the benchmark."""
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, input=given)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures
