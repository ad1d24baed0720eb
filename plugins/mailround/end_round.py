"""End a round before its handover, because a person said so: destroy its keys, its workspace and its package.

The plain export in the inbox goes too, as in the purge. It was at fault, or is out of date by the time a new round is
begun, and the welfare system gives a new one at any time; left there, it would be the one readable copy of everything
just destroyed, with no later step to remove it.
"""

from __future__ import annotations

from datetime import datetime

from mailround.context import RoundContext
from mailround.errors import GateClosedError
from mailround.purge import erase, erase_exports, require_only
from mailround.register.entries import MediaHandedOver, RoundEnded, latest


def end_round(work: RoundContext, step: str, *, at: datetime) -> RoundEnded:
    """Destroy everything of the round but its manifest, prove it, and record the end.

    Doing it again finishes what a killed attempt left and records nothing twice. Once recorded, the inbox is left
    alone: the same bytes may have been put there again for a new round.

    Args:
        work: The round.
        step: The task at which the person decided.
        at: The time of the decision.

    Returns:
        What stands in the register.

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
    ended = latest(entries, RoundEnded)
    if ended is None:
        ended = RoundEnded(step=step, files=files, exports=erase_exports(work))
        work.register.append(ended, round_id=work.round_id, actor="mailround", at=at)
    return ended
