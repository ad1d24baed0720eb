"""Runs in a container of the installation: starts a round, answers its forms as three people, reconciles it at the end.

``inside.py start`` prints the run. ``inside.py follow RUN ROUND`` answers until it ends; at the approval it waits for
the file `GO`, so that something can be killed while a person is asked.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from mailround.local import drive
from mailround.local.drive import ANSWERS, Driver, sample_round
from mailround.local.people import PASSWORD_VARIABLE
from mailround.register.checkpoint import check
from mailround.register.entries import (
    Extracted,
    MediaHandedOver,
    Posted,
    PrintPlanned,
    QualityChecked,
    ReceiptConfirmed,
    Rendered,
    RoundClosed,
    Sealed,
    Verified,
    standing,
)

HOUSEHOLDS = 600
GO = Path("/tmp/go")
drive.PATIENCE_SECONDS = 1500


@dataclass(frozen=True)
class Installation:
    """What `Driver` asks of the Airflow it drives; here it is reached through the proxy."""

    url: str = "https://proxy:8443"
    home: Path = Path("/tmp")

    @property
    def password(self) -> str:
        return os.environ[PASSWORD_VARIABLE]

    def environment(self) -> dict[str, str]:
        return {**os.environ, "MAILROUND_REGISTER_URL": Path("/run/secrets/mailround_register_url").read_text()}


def approve_when_told(driver: Driver, run_id: str, round_id: str) -> None:
    while not GO.exists():
        time.sleep(0.5)
    ANSWERS["approve_release"](driver, run_id, round_id)


def reconcile(driver: Driver, round_id: str) -> dict[str, object]:
    """Return every count, having compared them.

    Raises:
        SystemExit: Some differ, or the chain is not whole.
    """
    entries = driver.register.entries(round_id)
    extracted, checked = driver.entry(round_id, Extracted), driver.entry(round_id, QualityChecked)
    planned, sealed = driver.entry(round_id, PrintPlanned), driver.entry(round_id, Sealed)
    rendered, verified = standing(entries, Rendered), standing(entries, Verified)
    posted, received = driver.entry(round_id, Posted), driver.entry(round_id, ReceiptConfirmed)
    handed = driver.entry(round_id, MediaHandedOver)
    closed = driver.entry(round_id, RoundClosed)
    printed = checked.printable + planned.released
    held = checked.held - planned.released
    equal = {
        "extracted": {HOUSEHOLDS, extracted.rows, checked.rows, printed + held + checked.excluded + checked.counter},
        "pieces": {
            printed,
            planned.pieces,
            sum(each.pieces for each in rendered),
            sum(each.pieces for each in verified),
            sealed.pieces,
            handed.pieces,
            received.pieces,
            posted.posted,
        },
        "pages": {
            sum(each.pages for each in rendered),
            sum(each.pages for each in verified),
            sealed.pages,
            handed.pages,
        },
    }
    wrong = {name: sorted(counts) for name, counts in equal.items() if len(counts) != 1}
    if wrong:
        raise SystemExit(f"counts differ: {wrong}")
    checked_register = check(driver.register)
    return {
        **{name: counts.pop() for name, counts in equal.items()},
        "held": held,
        "excluded": checked.excluded,
        "counter": checked.counter,
        "rendered groups": len(rendered),
        "register entries": checked_register.chain.entries,
        "signed checkpoints": checked_register.signed,
        "closed": type(closed).__name__,
        "actors": sorted({each.actor for each in entries}),
    }


def main() -> None:
    driver = Driver(Installation())
    if sys.argv[1] == "start":
        params = sample_round(driver.settings, households=HOUSEHOLDS, seed=20261129, name="compose")
        print(json.dumps({"run": driver.trigger(params), "round": params.round_id}))
        return
    run_id, round_id = sys.argv[2:]
    state = driver.follow(run_id, round_id, {**ANSWERS, "approve_release": approve_when_told})
    if state != "success":
        raise SystemExit(f"the round ended as {state}")
    print(json.dumps(reconcile(driver, round_id), ensure_ascii=False))


main()
