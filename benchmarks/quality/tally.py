"""Count what the checker found against what was planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kinds import KINDS, Kind

if TYPE_CHECKING:
    from mailround.model import Recipient
    from mailround.quality import Assessment

Planted = tuple["Recipient", Kind | None, bool]
SERIOUS = ("stop", "hold", "exclude", "counter")
_EXAMPLES = 3
_SOUND = "sound_households_between_them"
_EXPECTED = {kind.name: kind.expected for kind in KINDS} | {_SOUND: ()}


def tally(round_: Iterable[Planted], found: Assessment) -> dict[str, Any]:
    """Return, per kind, how many were found, and per rule, what it found rightly, wrongly and not.

    A victim is found when any rule its kind expects has found it. What a rule finds beyond what kinds expect or
    allow is false; of an allowed finding nothing is counted. A rule's recall is over the victims that it found or that
    it, first of those expected, and all others missed; its precision over all that is counted of it.
    """
    rules: dict[str, set[str]] = {each.id: set(each.case_nos) for each in found.findings}
    severities = {each.id: each.severity.value for each in found.findings}
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    kinds = {name: _row(name, expected) for name, expected in _EXPECTED.items()}
    for one, kind, counts in round_:
        fired = {rule for rule, cases in rules.items() if one.case_no in cases}
        allowed, expected = _allowed(kind, one, counts=counts)
        hit = fired & expected
        right.update(hit)
        beyond = fired - expected - allowed
        wrong.update(beyond)
        if not (counts or beyond):
            continue
        name = kind.name if kind else _SOUND
        row = kinds[name]
        row["wrongly"].update(beyond)
        if beyond and not (counts and expected):
            row["examples"] = (row["examples"] + [f"{_shown(one)} → {' '.join(sorted(beyond))}"])[:_EXAMPLES]
        if not counts:
            continue
        row["planted"] += 1
        if expected and not hit:
            missed[_EXPECTED[name][0]] += 1
            row["missed"] += 1
            row["examples"] = (row["examples"] + [_shown(one)])[:_EXAMPLES]
        elif expected:
            row["found"] += 1
            row["by_severity"].update({severities[rule] for rule in hit})
        row["held"] += any(severities[rule] in SERIOUS for rule in beyond)
    return {
        "kinds": list(kinds.values()),
        "rules": [
            {
                "id": rule,
                "severity": severities[rule],
                "right": right[rule],
                "wrong": wrong[rule],
                "missed": missed[rule],
                "precision": _share(right[rule], wrong[rule]),
                "recall": _share(right[rule], missed[rule]),
            }
            for rule in rules
        ],
    }


def alarms(found: Assessment, households: Mapping[str, Recipient]) -> dict[str, Any]:
    """Return what was said of households that are all sound; the lists for information apart."""
    return {
        "rows": found.rows,
        "held": len(found.held) + len(found.excluded) + len(found.counter),
        "warned": len(found.warned),
        "rules": [
            {
                "id": each.id,
                "severity": each.severity.value,
                "count": each.count,
                "examples": [_shown(households[case]) for case in each.case_nos[:_EXAMPLES] if case in households],
            }
            for each in found.findings
            if each.count
        ],
    }


def _row(name: str, expected: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kind": name,
        "expected": list(expected),
        "planted": 0,
        "found": 0,
        "missed": 0,
        "by_severity": Counter(),
        "held": 0,
        "wrongly": Counter(),
        "examples": [],
    }


def _allowed(kind: Kind | None, one: Recipient, *, counts: bool) -> tuple[set[str], set[str]]:
    """Return the rules that may find a household, and those of which one must."""
    shared = {"H05"} if one.mailto_address.strip() else set()
    if "－" in f"{one.address}{one.building}{one.mailto_address}{one.mailto_building}":
        shared.add("A12")  # it lists the full-width hyphen too, which is no defect
    if kind is None:
        return shared, set()
    if counts:
        return shared | set(kind.also), set(kind.expected)
    return shared | set(kind.beside), set()


def _shown(one: Recipient) -> str:
    """Return the (synthetic) household in a line."""
    parts = (one.postcode, one.address, one.building, one.name, one.kana, str(one.birth_date or ""))
    mailto = (one.mailto_postcode, one.mailto_address, one.mailto_building, one.mailto_name, one.mailto_reason)
    shown = "｜".join(parts) + (f" 別送：{'｜'.join(mailto)}" if any(mailto) else "")
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in shown)


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None
