"""`make bench-quality`: both kinds of error of the quality checks, and what checking costs.

Writes ``results.json`` and ``results.md`` beside this file; asserts nothing. Every kind of defect and near-miss
(kinds.py) is planted TIMES times among CLEAN sound households, which says precision and recall; false alarms are
counted on LARGE_CLEAN sound households by themselves; time and memory are those of processes of their own.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from check import check
from kinds import planted
from report import write_report
from sound import Ward
from tally import alarms, tally

from mailround.settings import TOKYO

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
SEED = 20_261_120
TIMES = int(os.environ.get("TIMES", "40"))
CLEAN = int(os.environ.get("CLEAN", "12000"))
LARGE_CLEAN = int(os.environ.get("LARGE_CLEAN", "100000"))
SPEED = ((8_500, 3), (int(os.environ.get("LARGE", "1000000")), 1))
"""Households, and how often their checking is timed."""


def measure(parts: set[str]) -> None:
    """Measure the parts, keeping the last figures of the others."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results |= {
        "measured_on": datetime.now(TOKYO).date().isoformat(),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "processor": _processor()},
    }
    if "accuracy" in parts:
        round_ = list(planted(Ward(SEED), TIMES, CLEAN))
        results["accuracy"] = {"rows": len(round_)} | tally(round_, check(one for one, _, _ in round_))
    if "clean" in parts:
        households = {one.case_no: one for one in islice(Ward(SEED + 1).clean(), LARGE_CLEAN)}
        results["clean"] = alarms(check(households.values()), households)
    if "speed" in parts:
        results["speed"] = [_speed(rows, runs) for rows, runs in SPEED if rows]
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write_report(results, HERE / "results.md")


def _speed(rows: int, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _run(folder, "write", str(rows))
        turns = [json.loads(_run(folder, "check")) for _ in range(runs)]
    return {
        "rows": rows,
        "runs": runs,
        "seconds": statistics.median(each["seconds"] for each in turns),
        "peak_mib": statistics.median(each["peak_mib"] for each in turns),
    }


def _run(folder: str, *arguments: str) -> str:
    script = [sys.executable, str(HERE / "speed.py"), folder, *arguments]
    return subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True).stdout  # fresh: the import counts


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if "model name" in line]
    return names[0].partition(":")[2].strip() if names else "unknown processor"


if __name__ == "__main__":
    measure(set(sys.argv[1:]) or {"accuracy", "clean", "speed"})
