"""Mails of failures that the mail server did not take: a file each, sent by the next watch, never lost.

Whatever else mails is a task, and is tried again as a whole; the callback of a failure is called once. A failure that
comes again while the server is down is another file, and nobody need wait for anybody; what says the same is sent once,
with its count. No mail has personal data, so neither has its file.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict

from mailround.private_files import delete, names, read, write_new
from mailround.settings import TOKYO, Location, Settings


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
    mail = Unsent(subject=subject, body=body, link=link, since=at)
    path = _folder(settings) / f"{_identity(mail)}-{secrets.token_hex(8)}.json"
    write_new(path, mail.model_dump_json().encode("utf-8"))


def waiting(settings: Settings) -> tuple[Unsent, ...]:
    """Return what waits, the oldest first."""
    return tuple(mail for mail, _ in _waiting(settings))


def deliver(settings: Settings, send: Send) -> int:
    """Send what waits, the oldest first; return how many went out.

    The files go once the mail has gone. A crash between the two sends the same mail again, under the same identifier.

    Raises what ``send`` raises: that one and all behind it stay.
    """
    sent = 0
    sender = settings.alert_from.rpartition("@")[2]
    for mail, places in _waiting(settings):
        again = f"同じことが{mail.times}回ありました。記録は最後のものです。\n" if mail.times > 1 else ""
        late = f"（{mail.since.astimezone(TOKYO):%Y-%m-%d %H:%M} から、メールを送れずに待っていました。）\n{again}"
        identifier = f"<unsent.{_identity(mail)}.{mail.since.timestamp():.0f}@{sender}>"
        send(mail.subject, f"{late}{mail.body}\n記録：{mail.link}", message_id=identifier)
        for place in places:
            delete(place)
        sent += 1
    return sent


def _folder(settings: Settings) -> Location:
    return settings.data / "unsent"


def _identity(mail: Unsent) -> str:
    return hashlib.sha256(f"{mail.subject}\n{mail.body}".encode()).hexdigest()[:32]


def _waiting(settings: Settings) -> list[tuple[Unsent, list[Location]]]:
    """Return what waits, the oldest first: the same mails as one, with the places of all of them."""
    alike: dict[str, list[tuple[Unsent, Location]]] = {}
    for name in names(_folder(settings)):
        if name.endswith(".json"):  # and not half of one, which a killed process left
            place = _folder(settings) / name
            mail = Unsent.model_validate_json(read(place))
            alike.setdefault(_identity(mail), []).append((mail, place))
    found = []
    for group in alike.values():
        mails = sorted((mail for mail, _ in group), key=lambda mail: mail.since)
        times = sum(mail.times for mail in mails)
        one = mails[-1].model_copy(update={"since": mails[0].since, "times": times})
        found.append((one, [place for _, place in group]))
    return sorted(found, key=lambda each: each[0].since)
