"""What somebody types into the trigger form when an incident is reported."""

from __future__ import annotations

from mailround.piece_id import piece_id

ONE, OTHER = piece_id(b"first"), piece_id(b"other")
PARAMS: dict[str, object] = {
    "round_id": "2026-11-change",
    "incident_no": None,
    "what": "紛失",
    "noticed_at": "2026-11-17 10:00",
    "pieces": 7,
    "piece_ids": None,
    "encrypted": "はい",
    "malicious": "いいえ",
}
