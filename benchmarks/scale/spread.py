"""``python spread.py STEP ROUND WORKERS``: a mapped step over the groups on stdin, each worker taking one at a time.

A group is what one mapped task of Airflow gets. Prints the seconds of the wall, and of each group its outcome, its
seconds, those of the processor before it began (imports, of which only a worker's first group has any) and the process
that did it with its peak of memory, as JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Any

from memory import peak_mib


def main(step: str, round_id: str, workers: int) -> None:
    """Spread the groups over the workers; their start and imports are in the seconds of the wall alone."""
    groups = json.load(sys.stdin)
    begun = time.perf_counter()
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        done = list(pool.map(partial(_run, step, round_id), groups))
    print(json.dumps({"seconds": time.perf_counter() - begun, "groups": done}))


def _run(step: str, round_id: str, group: dict[str, Any]) -> dict[str, Any]:
    from mailround import model
    from mailround.context import load_round
    from mailround.settings import TOKYO, load_settings

    entered = time.process_time()
    run = getattr(import_module(f"mailround.{step}"), step)
    what = {"render": model.ChunkGroup, "verify": model.Rendered}[step]
    work = load_round(load_settings(), round_id)
    begun, processor = time.perf_counter(), time.process_time()
    begin_seconds = processor - entered
    outcome = run(work, what(**group), at=datetime.now(TOKYO))
    return {
        "outcome": asdict(outcome),
        "seconds": time.perf_counter() - begun,
        "cpu_seconds": time.process_time() - processor,
        "begin_seconds": begin_seconds,
        "worker": os.getpid(),
        "peak_mib": peak_mib(),
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
