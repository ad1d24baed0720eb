"""From what was measured to what was not: more workers by simulation, more households by proportion."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from statistics import fmean
from typing import Any

SERIAL = ("plan_print", "seal", "make_proof")
MAPPED = ("render", "verify")
PRINT_PATH = ("plan_print", "render", "verify", "seal", "make_proof")


def group_seconds(size: dict[str, Any], step: str) -> list[float]:
    """Return the processor seconds of every group of a mapped step; of groups that were not measured, their mean."""
    measured = max(size["spread"][step], key=lambda run: (len(run["groups"]), -run["workers"]))
    seconds = [each["cpu_seconds"] for each in measured["groups"]]
    return seconds + [fmean(seconds)] * (len(size["groups"]) - len(seconds))


def makespan(seconds: Iterable[float], workers: int) -> float:
    """Return when the last is done if every worker takes the next one as soon as it is free, as Airflow has it."""
    free = [0.0] * workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def print_path(size: dict[str, Any], workers: int, overhead: float) -> dict[str, float]:
    """Return the seconds of every step of the print path on so many workers with a core each.

    A mapped step begins when the one before it has ended for all groups. Each task costs ``overhead`` seconds and the
    imports of its step beside its work; the proof is made in the task that seals.
    """
    found = {}
    for step in PRINT_PATH:
        if step in MAPPED:
            begin = size["begin_seconds"][step] + overhead
            found[step] = makespan((begin + each for each in group_seconds(size, step)), workers)
        elif step == "make_proof":
            found[step] = size["steps"][step]["cpu_seconds"]
        else:
            figures = size["steps"][step]
            found[step] = figures["begin_seconds"] + overhead + figures["cpu_seconds"]
    return found


def grown(size: dict[str, Any], households: int) -> dict[str, Any]:
    """Return the figures of a round of another number of households, cut into as many groups: all in proportion."""
    share = households / size["households"]
    steps = {
        name: each | {"cpu_seconds": each["cpu_seconds"] * share} | {"bytes": round((each.get("bytes") or 0) * share)}
        for name, each in size["steps"].items()
    }
    spread = {
        step: [
            run | {"groups": [each | {"cpu_seconds": each["cpu_seconds"] * share} for each in run["groups"]]}
            for run in runs
        ]
        for step, runs in size["spread"].items()
    }
    return size | {"households": households, "steps": steps, "spread": spread}
