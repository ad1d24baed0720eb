"""The page of one entry: what it says, how it is linked with its neighbours, and what corrects it."""

from __future__ import annotations

import json

from mailround.console.register import number_of
from mailround.console.visit import Answer, NotFoundError, Visit
from mailround.register.chain import Stored, digest, undivided_digest
from mailround.register.entries import Correction, Entry
from mailround.register.listing import rows


def show(visit: Visit) -> Answer:
    """Return what the page says of the entry that the address names.

    Raises:
        NotFoundError: There is no entry of that number.
    """
    seq = number_of(visit.asked["seq"]) or 0
    entry = visit.register.entry(seq)
    if entry is None:
        raise NotFoundError("その番号の記録はありません。", "管理簿のページで番号を確かめてください。")
    before, after = visit.register.entry(seq - 1), visit.register.entry(seq + 1)
    corrections = [each for each in visit.register.of_kinds((Correction,)) if _corrects(each, seq)]
    return {
        "title": f"管理簿 第{seq}号",
        "entry": entry,
        "row": rows((entry,))[0],
        "text": json.dumps(json.loads(entry.text), ensure_ascii=False, indent=2),
        "before": before,
        "after": after,
        "own": entry.hash in _hashes(entry),
        "linked": before is None or entry.previous == before.hash,
        "next_linked": after is None or after.previous == entry.hash,
        "corrections": rows(corrections),
        "corrects": entry.body.corrects if isinstance(entry.body, Correction) else None,
    }


def _corrects(entry: Entry, seq: int) -> bool:
    return isinstance(entry.body, Correction) and entry.body.corrects == seq


def _hashes(entry: Entry) -> tuple[str, str]:
    row = Stored(entry.seq, entry.at, entry.actor, entry.round_id, entry.text, entry.previous, entry.hash)
    return digest(row), undivided_digest(row)
