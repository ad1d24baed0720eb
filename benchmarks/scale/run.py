"""`make bench-scale`: rounds of 8,500, 85,000 and 850,000 households, with one and two workers, and what follows of it.

Writes ``results.json``, ``results.md`` and ``results.svg`` beside this file; asserts nothing. Making the households up
is not timed. A size that was measured before stays in the results until it is measured again:

    run.py 8500 85000 850000 overhead    what `make bench-scale` does
    run.py report                        writes the page and the picture anew from the last figures

A step is timed once, over a minute or an hour: where the machine does something else meanwhile the seconds of the wall
are not to be trusted, and those of the processor, which it shares caches with, are too many. The load is noted.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import machine
from overhead import measure as measure_overhead
from report import write_report
from ward import Ward

from mailround.settings import TOKYO

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PEERS = HERE.parent / ".venv" / "bin" / "python"
SCRATCH = os.environ.get("SCRATCH")
"""Folder in which the rounds are made; the system's own for temporary files when unset."""
WORKERS = (1, 2)
PRINT_TASKS = 64
ALL = int(os.environ.get("ALL", "100000"))
"""Households up to which every group is done by one worker and by two."""
_EVERY = {("render", 1): 4, ("verify", 1): 8}
"""Of a larger round one worker does one of so many groups; two do all of them."""
_BYTES = 20_000
"""Of the disk, a household, at most: export, records, runs, chunks, PDFs, package."""


def measure(households: int) -> dict[str, Any]:
    """Take one round from the export to the proof."""
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < households * _BYTES:
            raise SystemExit(f"{households * _BYTES / 1e9:.0f} GB must be free in {folder}")
        begun = time.perf_counter()
        ward = Ward(folder, households)
        _tell("made up", time.perf_counter() - begun)
        found: dict[str, Any] = {"households": households, "steps": {}, "spread": {}}
        steps = found["steps"]
        for step in ("extract", "check_quality", "plan_print"):
            steps[step] = ward.step(step, MAILROUND_PRINT_TASKS=str(PRINT_TASKS)) | _load()
            _tell(step, steps[step])
        found["groups"] = steps["plan_print"].pop("groups")
        groups = found["groups"]
        for step in ("render", "verify"):
            found["spread"][step] = []
            for workers in WORKERS:
                some = groups[:: every(step, workers, households)]
                taken = ward.script(HERE / "spread.py", step, ward.round_id, str(workers), given=json.dumps(some))
                found["spread"][step].append({"workers": workers} | taken | _load())
                _tell(f"{step} on {workers}", {"seconds": taken["seconds"], "groups": len(some)})
            groups = [each["outcome"] for each in taken["groups"]]
        found["begin_seconds"] = {
            step: max(each["begin_seconds"] for run in runs for each in run["groups"])
            for step, runs in found["spread"].items()
        }
        for step in ("seal", "make_proof"):
            steps[step] = ward.step(step) | _load()
            _tell(step, steps[step])
        for each in (each for runs in found["spread"].values() for run in runs for each in run["groups"]):
            each["pages"] = each.pop("outcome")["pages"]
        found["files"] = _sizes(folder)
        found["bundles"] = ward.bundles
    return found


def every(step: str, workers: int, households: int) -> int:
    """Return of how many groups one is measured."""
    return 1 if households <= ALL else _EVERY.get((step, workers), 1)


def _load() -> dict[str, float]:
    """Return the load of the machine in the last minute, what was measured included."""
    return {"load": os.getloadavg()[0]}


def _sizes(folder: Path) -> dict[str, int]:
    """Return the bytes in each folder of the ward."""
    return {
        each.name: sum(path.stat().st_size for path in each.rglob("*") if path.is_file())
        for each in sorted(folder.iterdir())
        if each.is_dir()
    }


def _tell(what: str, figures: object) -> None:
    print(f"{datetime.now(TOKYO):%H:%M:%S} {what}: {figures}", flush=True)


def main(parts: list[str]) -> None:
    """Measure the parts, keeping the last figures of the others, and write all."""
    results: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"sizes": {}}
    for part in parts:
        if part == "report":
            continue
        if part == "overhead":
            results["overhead"] = measure_overhead()
        else:
            results["sizes"][part] = measure(int(part))
        results["measured_on"] = datetime.now(TOKYO).date().isoformat()
        results["machine"] = machine.described()
        RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_report(results, HERE / "results.md")
    if PEERS.exists():
        subprocess.run([PEERS, HERE / "plot.py", RESULTS, HERE / "results.svg"], check=True)
    else:
        print("NOT DRAWN: results.svg needs matplotlib in benchmarks/.venv", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
