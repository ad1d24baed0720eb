"""Mails of failures that the mail server did not take: a file each, sent by the next watch, never lost.

Whatever else mails is a task, and is tried again as a whole; the callback of a failure is called once. What a file is
named after is what the mail says: a failure that comes again while the server is down waits once, and is counted. No
mail has personal data, so neither has its file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict

from mailround.private_files import alone, replacing
from mailround.settings import TOKYO, Settings


class Send(Protocol):
    """Mails a text to the people in charge; raises what the mail server raises."""

    def __call__(self, subject: str, body: str, *, message_id: str) -> None:
        """Send it under this identifier."""


class Unsent(BaseModel):
    """A mail that waits: since when, and how often the same happened by now. ``link`` is that of the last time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    body: str
    link: str
    since: AwareDatetime
    times: int = 1


def keep(settings: Settings, subject: str, body: str, link: str, *, at: datetime) -> None:
    """Keep a mail that could not be sent.

    Raises:
        OSError: Not even that is possible; Airflow's log of the callback has it.
    """
    name = hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()[:32]
    with alone(_lock(settings)):
        path = _folder(settings) / f"{name}.json"
        known = _read(path) if path.exists() else None
        mail = Unsent(
            subject=subject,
            body=body,
            link=link,
            since=known.since if known else at,
            times=known.times + 1 if known else 1,
        )
        with replacing(path) as file:
            file.write(mail.model_dump_json().encode("utf-8"))


def waiting(settings: Settings) -> tuple[Unsent, ...]:
    """Return what waits, the oldest first."""
    return tuple(mail for _, mail in _waiting(settings))


def deliver(settings: Settings, send: Send) -> int:
    """Send what waits, the oldest first; return how many went out.

    A file goes once its mail has gone. A crash between the two sends the same mail again, under the same identifier.

    Raises what ``send`` raises: that one and all behind it stay.
    """
    sent = 0
    sender = settings.alert_from.rpartition("@")[2]
    with alone(_lock(settings)):
        for path, mail in _waiting(settings):
            again = f"同じことが{mail.times}回ありました。記録は最後のものです。\n" if mail.times > 1 else ""
            late = f"（{mail.since.astimezone(TOKYO):%Y-%m-%d %H:%M} から、メールを送れずに待っていました。）\n{again}"
            identifier = f"<unsent.{path.stem}.{mail.since.timestamp():.0f}@{sender}>"
            send(mail.subject, f"{late}{mail.body}\n記録：{mail.link}", message_id=identifier)
            path.unlink()
            sent += 1
    return sent


def _folder(settings: Settings) -> Path:
    return settings.data / "unsent"


def _lock(settings: Settings) -> Path:
    return settings.data / "unsent.lock"


def _waiting(settings: Settings) -> Iterator[tuple[Path, Unsent]]:
    folder = _folder(settings)
    if folder.exists():
        found = ((path, _read(path)) for path in folder.iterdir() if path.suffix == ".json")
        yield from sorted(found, key=lambda each: each[1].since)


def _read(path: Path) -> Unsent:
    return Unsent.model_validate_json(path.read_bytes())
