"""What a page is asked for and what it gives: the views know neither FastAPI nor Airflow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from mailround.errors import MailroundError
from mailround.register.store import Register
from mailround.settings import TOKYO, Settings


class NotFoundError(MailroundError):
    """There is no such page or thing."""


@dataclass(frozen=True)
class Visit:
    """One request of a user who may see the page.

    ``asked`` is what the address says, of the path and behind the question mark, as it was typed. ``at`` is now, with a
    zone. ``may`` tells of a page's path whether this user may see it, ``stopped`` of runs which steps (run and task)
    have failed in Airflow.
    """

    user: str
    settings: Settings
    at: datetime
    asked: Mapping[str, str]
    may: Callable[[str], bool]
    stopped: Callable[[Collection[str]], frozenset[tuple[str, str]]]

    def about(self, **asked: str) -> Visit:
        """Return the same visit with something else asked for."""
        return replace(self, asked={**self.asked, **asked})

    @cached_property
    def register(self) -> Register:
        """The one register."""
        return Register(self.settings.register_url)

    @property
    def today(self) -> date:
        """The day in Tokyo."""
        return self.at.astimezone(TOKYO).date()


@dataclass(frozen=True, slots=True)
class File:
    """What a view returns that is no page: to be saved under ``name``, or shown where that is empty.

    What is too large to be held comes part by part; a fault on the way ends the file where the browser sees it broken.
    """

    content: bytes | Iterator[bytes]
    media_type: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class SeeOther:
    """What an action returns: the path of the page that shows what has come of it."""

    path: str


Answer = Mapping[str, object] | File | SeeOther
"""What a view returns: what its template is filled with, a file, or where to look."""
