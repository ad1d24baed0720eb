"""End a round before its handover, because a person said so: destroy its keys, its workspace and its package."""

from __future__ import annotations

from datetime import datetime

from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.purge import erase, require_only
from mailround.register.entries import MediaHandedOver, RoundEnded, latest


def end_round(work: RoundContext, step: str, *, at: datetime) -> None:
    """Destroy everything of the round but its manifest, prove it, and record the end.

    Doing it again finishes what a killed attempt left and records nothing twice.

    Args:
        work: The round.
        step: The task at which the person decided.
        at: The time of the decision.

    Raises:
        GateClosedError: The package has left the house; then only a certified deletion ends the round.
        WorkspaceError: Something is left.
    """
    entries = work.entries
    if latest(entries, MediaHandedOver) is not None:
        raise GateClosedError(
            "媒体が引渡し済みのため、この回は中止できません。",
            "委託先から媒体を回収し、消去証明を受領して完了させてください。",
        )
    files = erase(work, index=True)
    require_only(work)
    if latest(entries, RoundEnded) is None:
        work.register.append(RoundEnded(step=step, files=files), round_id=work.round_id, actor="mailround", at=at)
