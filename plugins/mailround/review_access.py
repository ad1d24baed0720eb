"""The month's access review: gather, judge, write the report, and record its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain

from mailround.access_report import draw_access_report
from mailround.access_review import Account, Act, acts_in_register, month_span, review
from mailround.errors import GateClosedError
from mailround.private_files import replacing
from mailround.register.entries import HOUSE, AccessReviewed
from mailround.register.store import Register
from mailround.settings import TOKYO, Location, Settings
from mailround.working_days import load_closing_days


def access_report_path(settings: Settings, month: str) -> Location:
    """Return where a month's report lies."""
    return settings.outbox / "access-review" / f"{month}.pdf"


def review_access(
    settings: Settings,
    month: str,
    acts: Iterable[Act],
    accounts: Sequence[Account],
    *,
    run_id: str,
    at: datetime,
) -> AccessReviewed:
    """Write a month's report and record it. With the same facts it is the same report, and recorded once.

    Args:
        settings: The ward's.
        month: As ``2026-10``; it is over.
        acts: What Airflow knows of; the register's are added here.
        accounts: The users, as they are now.
        run_id: The Airflow run, whose form is about this month.
        at: The time of the entry.

    Raises:
        ConfigurationError: The closing days cannot be read.
        PrintError: The font lacks a character of the report.
        RegisterError: The register's chain is broken: what it says of accesses is worth nothing.
        GateClosedError: The month is not over: what is missing then would never be reviewed.
    """
    if at < month_span(month)[1]:
        raise GateClosedError(
            f"{month} はまだ終わっていないため、アクセスを点検できません。", "翌月になってから開始してください。"
        )
    register = Register(settings.register_url)
    register.verify()
    entries = register.entries()
    found = review(
        month,
        chain(acts, acts_in_register(entries)),
        accounts,
        earlier=[entry for entry in entries if entry.round_id == HOUSE],
        settings=settings,
        closing=load_closing_days(settings.include),
    )
    content = draw_access_report(settings, found)
    with replacing(access_report_path(settings, month)) as file:
        file.write(content)
    body = AccessReviewed(
        month=month,
        access_report_sha256=hashlib.sha256(content).hexdigest(),
        findings=len(found.findings),
        subjects=found.subjects,
        counts=found.counts(),
        users=tuple(map(str, found.accounts)),
        run_id=run_id,
    )
    register.append(body, round_id=HOUSE, actor="mailround", at=at.astimezone(TOKYO))
    return body
