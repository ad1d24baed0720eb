"""The page that `make bench-scale` writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simulation import MAPPED, PRINT_PATH, SERIAL, grown, print_path

MOST_UNEQUAL = 0.15
"""By how much the peak memory of a task may differ from that of the smallest round."""
SIMULATED = (1, 2, 4, 8, 16, 32, 64)
JAPAN = 1_650_000
"""Households that receive public assistance in all of Japan."""
STEPS = ("extract", "check_quality", "plan_print", *MAPPED, "seal", "make_proof")
_HELD = {"check_quality": "compares all households"}
"""Steps that hold something of every household, and why."""


def write_report(results: dict[str, Any], path: Path) -> None:
    """Write the page from the results, of whatever was measured yet."""
    machine = results["machine"]
    sizes = in_order(results)
    lines = [
        "# Rounds of 8,500 to 850,000 households",
        "",
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {results['measured_on']}.",
        "`make bench-scale` writes this page; docs/scaling.md says what follows of it. Each figure was taken once.",
        "",
        "![seconds and peak memory by households and workers](results.svg)",
        "",
        "## Seconds",
        "",
        "Of the wall, and of the processor in parentheses. Mapped steps are cut into at most 64 groups, which are done",
        "by one worker and then by two, each taking a group at a time.",
        "",
        *_table(("step", "workers", *(f"{each['households']:,}" for each in sizes)), _seconds(sizes)),
        "",
        f"Load of the machine at the end of each step: {'; '.join(_load(each) for each in sizes)}.",
        "What is measured makes one of it, or two. Where it was more, the machine did something else too, and seconds",
        "of both kinds are too many.",
        "",
        "## Peak memory of a task, MiB",
        "",
        "A task of Airflow is a process of its own. Of the mapped steps it is the first group that a process did.",
        "",
        *_table(("step", *(f"{each['households']:,}" for each in sizes), "within 15 %"), _memory(sizes)),
        "",
        f"A process that does up to 64 groups one after the other keeps more: {'; '.join(map(_kept, sizes))}.",
        "",
        "## What lies on the disk, MB",
        "",
        *_table(("folder", *(f"{each['households']:,}" for each in sizes)), _disk(sizes)),
    ]
    if overhead := results.get("overhead"):
        lines += ["", *_overhead(overhead), "", *_simulated(sizes, overhead)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def in_order(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rounds that were measured, the smallest first."""
    return sorted(results["sizes"].values(), key=lambda each: int(each["households"]))


def per_task(overhead: dict[str, Any]) -> float:
    """Return the seconds that Airflow takes for a mapped task where one runs at a time."""
    alone = next(each for each in overhead["slots"] if each["slots"] == 1)
    seconds: float = alone["seconds"] / overhead["tasks"]
    return seconds


def peak(size: dict[str, Any], step: str) -> float:
    """Return the most memory that a task had in a step, in MiB; of a mapped one, the first that each process did."""
    if step in MAPPED:
        return max(_peaks(size, step, first=True))
    return float(size["steps"][step]["peak_mib"])


def _peaks(size: dict[str, Any], step: str, *, first: bool) -> Iterator[float]:
    for run in size["spread"][step]:
        seen = set[int]()
        for each in run["groups"]:
            if not (first and each["worker"] in seen):
                yield float(each["peak_mib"])
            seen.add(each["worker"])


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield f"| --- |{' ---: |' * (len(titles) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _seconds(sizes: list[dict[str, Any]]) -> Iterator[list[str]]:
    for step in STEPS:
        if step not in MAPPED:
            figures = [size["steps"][step] for size in sizes]
            yield [step, "", *(f"{each['seconds']:,.1f} ({each['cpu_seconds']:,.1f})" for each in figures)]
            continue
        for place, workers in enumerate((1, 2)):
            yield [step, str(workers), *(_spread_seconds(size, size["spread"][step][place]) for size in sizes)]


def _spread_seconds(size: dict[str, Any], run: dict[str, Any]) -> str:
    done, whole = len(run["groups"]), len(size["groups"])
    spent = sum(each["cpu_seconds"] for each in run["groups"])
    if done == whole:
        return f"{run['seconds']:,.1f} ({spent:,.1f})"
    share = whole / done
    return f"{run['seconds'] * share:,.0f} ({spent * share:,.0f}), extrapolated from {done} of {whole} groups"


def _load(size: dict[str, Any]) -> str:
    runs = [*size["steps"].values(), *(run for runs in size["spread"].values() for run in runs)]
    loads = [each["load"] for each in runs]
    return f"{min(loads):.1f} to {max(loads):.1f} ({size['households']:,} households)"


def _kept(size: dict[str, Any]) -> str:
    most = (f"{step} {max(_peaks(size, step, first=False)):,.0f}" for step in MAPPED)
    return f"{' and '.join(most)} ({size['households']:,} households)"


def _memory(sizes: list[dict[str, Any]]) -> Iterator[list[str]]:
    for step in STEPS:
        peaks = [peak(size, step) for size in sizes]
        flat = all(abs(each / peaks[0] - 1) <= MOST_UNEQUAL for each in peaks)
        verdict = "met" if flat else f"**no**: {_HELD.get(step, 'see docs/scaling.md')}"
        yield [step, *(f"{each:,.0f}" for each in peaks), verdict]


def _disk(sizes: list[dict[str, Any]]) -> Iterator[list[str]]:
    for folder in sizes[0]["files"]:
        yield [folder, *(f"{size['files'][folder] / 1e6:,.1f}" for size in sizes)]


def _overhead(overhead: dict[str, Any]) -> Iterator[str]:
    yield "## What Airflow takes for a mapped task"
    yield ""
    load = f"load {overhead['load']:.1f} before"
    yield f"{overhead['tasks']} mapped tasks that do nothing, LocalExecutor and SQLite, {load}."
    yield ""
    yield from _table(
        ("at once", "seconds a task", "of them inside the task", "processor seconds a task, all components"),
        (
            [
                str(each["slots"]),
                f"{each['seconds'] / overhead['tasks']:.2f}",
                f"{each['seconds_inside']:.2f}",
                f"{each['cpu_seconds'] / overhead['tasks']:.2f}",
            ]
            for each in overhead["slots"]
        ),
    )
    rows = overhead["slots"][0]["rows"]
    yield ""
    each = ", ".join(f"{count / overhead['tasks']:.1f} {table}" for table, count in rows.items())
    yield f"Rows of the metadata database a task: {each}."


def _simulated(sizes: list[dict[str, Any]], overhead: dict[str, Any]) -> Iterator[str]:
    rounds = [*sizes, grown(sizes[-1], JAPAN)]
    yield "## Plan, render, verify, seal and proof on more workers: simulation"
    yield ""
    yield "Minutes. Groups are handed out in their order to the next free of so many workers with a core each: the"
    yield "processor seconds measured of each, the imports of the step, and what Airflow takes for a task. The share in"
    yield "parentheses is of the time in which only one worker has work (plan, seal, proof). The last column is in"
    yield "proportion to the one before it."
    yield ""

    def row(workers: int) -> Iterator[str]:
        yield str(workers)
        for each in rounds:
            found = print_path(each, workers, per_task(overhead))
            whole = sum(found.values())
            yield f"{whole / 60:,.1f} ({sum(found[step] for step in SERIAL) / whole:.0%})"

    yield from _table(("workers", *(f"{each['households']:,}" for each in rounds)), (row(each) for each in SIMULATED))
    yield ""
    yield "With 16 workers, seconds by step:"
    yield ""
    found16 = [print_path(each, 16, per_task(overhead)) for each in rounds]
    yield from _table(
        ("step", *(f"{each['households']:,}" for each in rounds)),
        ([step, *(f"{found[step]:,.0f}" for found in found16)] for step in PRINT_PATH),
    )
