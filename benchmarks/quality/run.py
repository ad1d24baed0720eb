"""`make bench-quality`: both kinds of error of the quality checks, and what checking costs.

Writes ``results.json`` and ``results.md`` beside this file; asserts nothing. Every kind of defect and near-miss
(kinds.py) is planted TIMES times among CLEAN sound households, which says precision and recall; false alarms are
counted on LARGE_CLEAN sound households by themselves; time and memory are those of processes of their own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import machine
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
_BATCH = 5_000
_PAUSE = 0.1
"""Seconds between two looks at the memory in use."""


def measure(parts: set[str]) -> None:
    """Measure the parts, keeping the last figures of the others."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    results |= {
        "measured_on": datetime.now(TOKYO).date().isoformat(),
        "machine": machine.described(),
    }
    if "accuracy" in parts:
        round_ = list(planted(Ward(SEED), TIMES, CLEAN))
        results["accuracy"] = {"rows": len(round_)} | tally(round_, check([[one for one, _, _ in round_]]))
    if "clean" in parts:
        sound = Ward(SEED + 1).clean()
        batches = [[*islice(sound, _BATCH)] for _ in range(0, LARGE_CLEAN, _BATCH)]
        results["clean"] = alarms(check(batches), {one.case_no: one for batch in batches for one in batch})
    if "speed" in parts:
        results["speed"] = [_speed(rows, runs) for rows, runs in SPEED if rows]
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write_report(results, HERE / "results.md")


def _speed(rows: int, runs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(_script(folder, "write", str(rows)), check=True)
        turns = [_timed(folder) for _ in range(runs)]
    return {
        "rows": rows,
        "runs": runs,
        "seconds": statistics.median(each["seconds"] for each in turns),
        "peak_mib": statistics.median(each["peak_mib"] for each in turns),
    }


def _timed(folder: str) -> dict[str, float]:
    """Return the seconds of a fresh process, in which the import counts, and the peak memory of it and its own."""
    peak = 0
    with subprocess.Popen(_script(folder, "check"), stdout=subprocess.PIPE, text=True) as started:
        while started.poll() is None:
            peak = max(peak, _resident(started.pid))
            time.sleep(_PAUSE)
        said = started.stdout.read() if started.stdout else ""
    if started.returncode:
        raise subprocess.CalledProcessError(started.returncode, started.args)
    return {**json.loads(said), "peak_mib": peak / 1024**2}


def _resident(pid: int) -> int:
    """Return the bytes of memory of a process and all below it; what they share counts for each."""
    folder = Path("/proc") / str(pid)
    try:
        pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
        below = (folder / "task" / str(pid) / "children").read_text(encoding="ascii").split()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_resident(int(each)) for each in below)


def _script(folder: str, *arguments: str) -> list[str]:
    return [sys.executable, str(HERE / "speed.py"), folder, *arguments]


if __name__ == "__main__":
    measure(set(sys.argv[1:]) or {"accuracy", "clean", "speed"})
