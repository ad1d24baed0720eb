"""``python plot.py RESULTS SVG``: pages a second of every writer, and the peak memory of a worker."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from report import MOST_MIB, WRITERS, pages_per_second

_OURS, _OTHERS, _LARGE = "#1b5e8c", "#9aa5ad", "#d98e32"
_STEPS = ("render", "verify")


def main(results: Path, picture: Path) -> None:
    """Draw the picture; the same results give the same bytes."""
    found = json.loads(results.read_text(encoding="utf-8"))
    mpl.rcParams.update(
        {"svg.hashsalt": "mailround", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    )
    figure = Figure(figsize=(9.5, 3.6), layout="constrained")
    speed, memory = figure.subplots(1, 2)
    _draw_speed(speed, found["writers"])
    _draw_memory(memory, found)
    machine = found["machine"]
    figure.suptitle(
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {found['measured_on']}",
        fontsize=8,
    )
    figure.savefig(picture, metadata={"Date": None})


def _draw_speed(axes: Axes, writers: dict[str, Any]) -> None:
    rates = {name: pages_per_second(each) for name, each in writers.items() if each}
    ordered = sorted(rates, key=rates.__getitem__)
    colours = [_OURS if name == "mailround" else _OTHERS for name in ordered]
    bars = axes.barh([WRITERS[name][0] for name in ordered], [rates[name] for name in ordered], color=colours)
    axes.bar_label(bars, [f"{rates[name]:,.0f}" for name in ordered], padding=3)
    axes.set_xscale("log")
    axes.set_xlim(right=max(rates.values()) * 3)
    axes.set_xlabel("pages a second on one core (logarithmic)")
    axes.set_title("The same notice, written in other ways")


def _draw_memory(axes: Axes, found: dict[str, Any]) -> None:
    series = {found["households"]: (found["steps"], _OURS)}
    if found["large"]:
        series[found["large"]["households"]] = (found["large"]["steps"], _LARGE)
    width = 0.8 / len(series)
    for place, (households, (steps, colour)) in enumerate(series.items()):
        peaks = [steps[name]["peak_mib"] for name in _STEPS]
        bars = axes.bar(
            [number + place * width for number in range(len(_STEPS))],
            peaks,
            width,
            color=colour,
            label=f"{households:,} households",
        )
        axes.bar_label(bars, [f"{peak:.0f}" for peak in peaks], padding=2)
    axes.axhline(MOST_MIB, color="black", linewidth=0.8, linestyle="--", label=f"target of a worker: {MOST_MIB} MiB")
    axes.set_xticks([number + (len(series) - 1) * width / 2 for number in range(len(_STEPS))], _STEPS)
    axes.set_ylabel("peak memory of the process, MiB")
    axes.set_title("Memory of a worker")
    axes.margins(y=0.4)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper center")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
