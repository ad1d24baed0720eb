"""`make bench`: what a round of 8,500 households costs, and how the drawing of its pages compares with other ways.

Writes ``results.json``, ``results.md`` and ``results.svg`` beside this file. Nothing is asserted: a report shows what
was measured, targets that are missed too. Everything runs RUNS times in processes of its own, one after the other and
in turns, so that a moment in which the machine is busy hurts all alike; the median is quoted, of ratios the median of
the turns.

``make bench-large`` adds the memory of a ten times larger round to the last results.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import machine
import pypdfium2
from comparison import write_comparison
from report import write_report
from ward import Ward, run_script
from writer import CHUNK, NOTICES

from mailround.settings import TOKYO

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PEERS = HERE / ".venv" / "bin" / "python"
HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "8500"))
LARGE = int(os.environ.get("LARGE", "85000"))
RUNS = int(os.environ.get("RUNS", "5"))
STEPS = ("extract", "check_quality", "plan_print", "render", "verify", "seal", "archive", "floor")


@dataclass(frozen=True)
class Writer:
    """A way to write the notices: a script, how many notices it gets, and the module without which it cannot run."""

    script: str
    notices: int
    needs: str
    python: Path = Path(sys.executable)

    def installed(self) -> bool:
        """Tell whether it can run here; says aloud when it cannot."""
        if not self.python.exists():
            found = f"{self.python} is missing"
        else:
            tried = subprocess.run(
                [self.python, "-c", f"import {self.needs}"], capture_output=True, text=True, check=False
            )
            if tried.returncode == 0:
                return True
            found = tried.stderr.strip().rpartition("\n")[2]
        print(f"NOT INSTALLED: {self.needs}: {found}", file=sys.stderr, flush=True)
        return False


WRITERS = {
    "mailround": Writer("mailround_render.py", 4 * CHUNK, "mailround"),
    "limit": Writer("hand_written.py", 4 * CHUNK, "mailround"),
    "platypus": Writer("platypus.py", CHUNK, "reportlab"),
    "typst": Writer("typst_peer.py", CHUNK, "typst", PEERS),
    "fpdf2": Writer("fpdf2_peer.py", CHUNK, "fpdf", PEERS),
    "weasyprint": Writer("weasyprint_peer.py", CHUNK // 5, "weasyprint", PEERS),
}


def measure() -> None:
    """Measure everything but the large round."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ward").mkdir()
        ward = Ward(folder / "ward", HOUSEHOLDS)
        steps = _steps(ward, STEPS, RUNS)
        printed = ward.step("digests")
        results = {
            "measured_on": datetime.now(TOKYO).date().isoformat(),
            "machine": machine.described(),
            "households": HOUSEHOLDS,
            "runs": RUNS,
            "characters": printed["characters"],
            "bytes_per_page": round(printed["bytes"] / steps["render"]["pages"]),
            "steps": steps,
            "writers": _compare(ward, folder),
            "print_path": _steps(ward, ("print_path",), RUNS)["print_path"],
            "same_bytes": _same_bytes(ward),
            "large": _last().get("large"),
        }
    _report(results)


def measure_large() -> None:
    """Measure the memory of a ten times larger round and put it into the last results."""
    results = _last()
    if not results:
        raise SystemExit("make bench first: there are no results to add to")
    with tempfile.TemporaryDirectory() as folder:
        steps = _steps(Ward(Path(folder), LARGE), STEPS[:-2], 1)
    results["large"] = {"households": LARGE, "steps": steps}
    _report(results)


def _steps(ward: Ward, names: Sequence[str], runs: int) -> dict[str, Any]:
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(runs):
        for name in names:
            taken[name].append(ward.step(name))
            print(f"{turn + 1}/{runs} {name}: {taken[name][-1]}", flush=True)
    return {name: _summary(each) for name, each in taken.items()}


def _summary(taken: list[dict[str, Any]]) -> dict[str, Any]:
    seconds = [each["seconds"] for each in taken]
    kept = {name: taken[0][name] for name in ("pages", "bytes", "notices") if taken[0].get(name) is not None}
    return kept | {
        "seconds": round(statistics.median(seconds), 3),
        "all_seconds": [round(each, 3) for each in seconds],
        "peak_mib": round(max(each["peak_mib"] for each in taken), 1),
    }


def _compare(ward: Ward, folder: Path) -> dict[str, Any]:
    """Let every writer draw the same notices, in turns, and look whether it did."""
    write_comparison(ward.round, folder, max(writer.notices for writer in WRITERS.values()))
    able = {name: writer for name, writer in WRITERS.items() if writer.installed()}
    taken: dict[str, list[dict[str, Any]]] = {name: [] for name in able}
    for turn in range(RUNS):
        for name, writer in able.items():
            command = [writer.python, HERE / writer.script, folder, str(writer.notices)]
            taken[name].append(run_script(command))
            print(f"{turn + 1}/{RUNS} {name}: {taken[name][-1]}", flush=True)
    for writer in able.values():
        _look(folder, writer)
    found: dict[str, Any] = dict.fromkeys(WRITERS)
    for name, each in taken.items():
        ratios = [_rate(ours) / _rate(other) for ours, other in zip(taken["mailround"], each, strict=True)]
        found[name] = _summary(each) | {"ours_to_it": round(statistics.median(ratios), 3)}
    return found


def _rate(run: dict[str, Any]) -> float:
    rate: float = run["notices"] / run["seconds"]
    return rate


def _look(folder: Path, writer: Writer) -> None:
    """Refuse a comparison with something that is not the same notices: one page each, with all of its texts."""
    notices = json.loads((folder / NOTICES).read_text(encoding="utf-8"))["notices"]
    for first in range(0, writer.notices, CHUNK):
        expected = notices[first : min(first + CHUNK, writer.notices)]
        document = pypdfium2.PdfDocument(folder / f"{Path(writer.script).stem}-{first // CHUNK + 1:03d}.pdf")
        if len(document) != len(expected):
            raise SystemExit(f"{writer.script}: {len(expected)} notices, {len(document)} pages")
        for page, notice in zip(document, expected, strict=True):
            shown = _unspaced(page.get_textpage().get_text_range())
            if absent := [name for name, text in notice["texts"].items() if _unspaced(text) not in shown]:
                raise SystemExit(f"{writer.script}: a page lacks {', '.join(absent)}")
        document.close()


def _unspaced(text: str) -> str:
    """Return a text without blanks and line breaks: each writer breaks lines in its own way."""
    return "".join(text.split())


def _same_bytes(ward: Ward) -> dict[str, bool]:
    """Plan and render again in other ways and compare the SHA-256 of every PDF."""
    first = _printed(ward, "plan_print", "render")
    return {
        "run again": first == _printed(ward, "plan_print", "render"),
        "PYTHONHASHSEED 0": first == _printed(ward, "plan_print", "render", PYTHONHASHSEED="0"),
        "PYTHONHASHSEED 1": first == _printed(ward, "plan_print", "render", PYTHONHASHSEED="1"),
        "two processes": first == _printed(ward, "render_in_two"),
    }


def _printed(ward: Ward, *steps: str, **environment: str) -> dict[str, str]:
    for name in steps:
        ward.step(name, **environment)
    digests: dict[str, str] = ward.step("digests")["sha256"]
    return digests


def _last() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    return found


def _report(results: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write_report(results, HERE / "results.md")
    if PEERS.exists():
        subprocess.run([PEERS, HERE / "plot.py", RESULTS, HERE / "results.svg"], check=True)
    else:
        print("NOT DRAWN: results.svg needs matplotlib in benchmarks/.venv", file=sys.stderr, flush=True)


if __name__ == "__main__":
    measure_large() if sys.argv[1:] == ["large"] else measure()
