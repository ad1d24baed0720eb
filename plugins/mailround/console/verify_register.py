"""Start verifying the register, in the background: a long one takes longer than a person waits for a page."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread

from mailround.console.visit import Answer, SeeOther, Visit
from mailround.errors import MailroundError
from mailround.register.checkpoint import Checked, check
from mailround.register.store import Register

_log = logging.getLogger(__name__)


@dataclass
class Verification:
    """One verification: ``looked_at`` of ``entries`` so far; then what was found, good or bad."""

    began: datetime
    by: str
    entries: int
    looked_at: int = 0
    good: Checked | None = None
    bad: tuple[str, str] | None = None

    @property
    def over(self) -> bool:
        """Tell whether it is."""
        return bool(self.good or self.bad)

    def tell(self, seq: int) -> None:
        """Note how far it is."""
        self.looked_at = seq

    def run(self, register: Register) -> None:
        """Do it."""
        try:
            self.good = check(register, tell=self.tell)
        except MailroundError as error:
            self.bad = error.happened, error.remedy
        except Exception:  # noqa: BLE001 - above a thread there is nobody who would tell
            self.bad = (
                "検証を終えられませんでした。",
                "少し待ってやり直し、直らなければシステム担当へ連絡してください。",
            )
            _log.exception("verifying the register failed")


class _Latest:
    """The last verification that this process started, of the whole ward: one at a time is enough for everybody."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.verification: Verification | None = None


_LATEST = _Latest()


def show(visit: Visit) -> Answer:
    """Start one unless one is under way, and lead to the page that shows it."""
    with _LATEST.lock:
        if _LATEST.verification is None or _LATEST.verification.over:
            register = visit.register
            _LATEST.verification = Verification(visit.at, visit.user, register.last())
            Thread(target=_LATEST.verification.run, args=(register,), daemon=True, name="verify-register").start()
    return SeeOther("/register/verification")


def latest() -> Verification | None:
    """Return the last one."""
    return _LATEST.verification
