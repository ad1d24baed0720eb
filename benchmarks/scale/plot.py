"""``python plot.py RESULTS SVG``: the print path by households and workers, and the peak memory of a worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report import JAPAN, MOST_UNEQUAL, STEPS, in_order, peak, per_task
from simulation import grown, print_path

_WORKERS = {1: "#9aa5ad", 2: "#1b5e8c", 16: "#d98e32"}
_FLAT = ("extract", "plan_print", "render", "verify", "seal")


def main(results: Path, picture: Path) -> None:
    """Draw the picture; the same results give the same bytes."""
    found = json.loads(results.read_text(encoding="utf-8"))
    mpl.rcParams.update(
        {"svg.hashsalt": "mailround", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    figure = Figure(figsize=(9.5, 3.8), layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    sizes = in_order(found)
    if "overhead" in found:
        _draw_seconds(seconds, sizes, per_task(found["overhead"]))
    _draw_memory(memory, sizes)
    machine = found["machine"]
    figure.suptitle(
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {found['measured_on']}",
        fontsize=8,
    )
    figure.savefig(picture, metadata={"Date": None})


def _draw_seconds(axes: Axes, sizes: list[dict[str, Any]], overhead: float) -> None:
    rounds = [*sizes, grown(sizes[-1], JAPAN)]
    for workers, colour in _WORKERS.items():
        minutes = [sum(print_path(each, workers, overhead).values()) / 60 for each in rounds]
        label = f"{workers} worker{'s' if workers > 1 else ''}"
        households = [each["households"] for each in rounds]
        axes.plot(households[:-1], minutes[:-1], marker="o", color=colour, label=label)
        axes.plot(households[-2:], minutes[-2:], marker="o", color=colour, linestyle=":", markerfacecolor="white")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("households (dotted: in proportion, to all of Japan)")
    axes.set_ylabel("minutes (simulated from measured groups)")
    axes.set_title("Plan, render, verify, seal, proof")
    axes.legend(frameon=False)


def _draw_memory(axes: Axes, sizes: list[dict[str, Any]]) -> None:
    households = [each["households"] for each in sizes]
    for step in STEPS:
        peaks = [peak(each, step) for each in sizes]
        axes.plot(households, peaks, marker="o", linestyle="-" if step in _FLAT else "--", label=step)
    least = min(peak(sizes[0], step) for step in _FLAT)
    most = max(peak(sizes[0], step) for step in _FLAT)
    axes.axhspan(least * (1 - MOST_UNEQUAL), most * (1 + MOST_UNEQUAL), color="#1b5e8c", alpha=0.08)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("households (shaded: flat within 15 %)")
    axes.set_ylabel("MiB (logarithmic)")
    axes.set_title("Peak memory of a worker")
    axes.legend(frameon=False, fontsize=7)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
