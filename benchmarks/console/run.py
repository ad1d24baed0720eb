"""`make bench-console`: what every page of the console takes at the server, with ten years of rounds in the register.

Airflow's own web application serves them over HTTP, to a user who is really logged in, from a process of its own.
Writes ``results.json`` and ``results.md`` beside this file; asserts nothing. ROUNDS, ENTRIES, HOUSEHOLDS and TIMES may
be set.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import machine
from made import fill, seal_round
from report import write_report
from served import Served, serving

from mailround.console.pages import PAGES
from mailround.local.airflow import LocalAirflow
from mailround.register.store import Register
from mailround.settings import TOKYO

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
ROUNDS = int(os.environ.get("ROUNDS", "40"))
ENTRIES = int(os.environ.get("ENTRIES", "100000"))
HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "8500"))
"""Of the one round that the steps themselves made: it alone has households to decide on and a proof to look at."""
TIMES = int(os.environ.get("TIMES", "100"))
FILES = 5
"""How often a file is asked for."""
PATIENCE_SECONDS = 600
"""A file of the whole register may take long."""
WHO = ("datateam", "approver", "officer")
"""Each page is asked for by the first of them who sees it."""
LOGIN = "/static/console.css"
"""What costs the login and nothing else."""
EXAMPLES = {
    "seq": str(ENTRIES // 2),
    "page": "1",
    "side": "now",
    "kind": "change_notice",
    "population": "assistance",
    "household": "plain",
}
"""What stands in the place of the other parts of a path."""
LETTER = {"page": "12"}
"""A page of the proof behind its cover."""
MORE = {
    "/rounds": ("?year=2020",),
    "/register": (
        "?round_id={before}",
        "?kind=posted",
        "?actor=approver",
        "?first_day=2022-04-01&last_day=2022-04-30",
        "?words=DVD-2608",
        "?words=nothing-like-it",
        "?before=50000",
        "?kind=mail_returned&words=nothing-like-it",
    ),
}
"""What else a page may be asked: filters that find much, little and nothing, and a place far back."""


def measure() -> dict[str, Any]:
    """Return the figures of all pages."""
    with tempfile.TemporaryDirectory() as folder:
        local = LocalAirflow(Path(folder) / "airflow", 1, 2)
        people = [sys.executable, "-m", "mailround.local.people"]
        subprocess.run(people, env=local.environment(), check=True, capture_output=True)
        (Path(folder) / "ward").mkdir()
        with serving(local, Path(folder) / "ward") as served:
            began = _memory()
            last, before = fill(served.ward, ROUNDS, ENTRIES)
            served.ward.inbox.mkdir(mode=0o700, exist_ok=True)
            sealed = seal_round(served.ward, HOUSEHOLDS, datetime.now(TOKYO))
            login, rows = _ask(served, LOGIN), []
            for page, path in _addresses(sealed, last, before):
                rows.append({"page": page} | _ask(served, path))
                print(rows[-1], flush=True)
            pages = _memory()
            files = [{"page": page} | _ask(served, path) for page, path in _files(served, before)]
            return {
                "measured_on": datetime.now(TOKYO).date().isoformat(),
                "machine": machine.described(),
                "rounds": ROUNDS,
                "households": HOUSEHOLDS,
                "entries": Register(served.ward.register_url).last(),
                "login": login,
                "load": os.getloadavg()[0],
                "pages": [row for row in rows if row["status"] == httpx.codes.OK],
                "files": files,
                "memory": {"at_first": began, "with_pages": pages, "with_files": _memory()},
            }


def _addresses(sealed: str, last: str, before: str) -> Iterator[tuple[str, str]]:
    """Yield title and address of every page: of a round that was closed, one under way, and one that is real."""
    for page in PAGES:
        if page.action or "{form}" in page.path:
            continue
        if "{round_id}" in page.path:
            ids: tuple[str, ...] = (before, last, sealed)
        else:
            ids = (before, last) if "{run_id}" in page.path else (last,)
        for round_id in ids:
            parts = EXAMPLES | (LETTER if "/proof/" in page.path else {})
            yield page.title, page.path.format(round_id=round_id, run_id=f"manual__{round_id}", **parts)
        for more in MORE.get(page.path, ()):
            yield page.title, page.path + more.format(before=before)


def _files(served: Served, before: str) -> Iterator[tuple[str, str]]:
    """Yield every file that is drawn when it is asked for."""
    for page in PAGES:
        if "{form}" in page.path:
            for form in ("csv", "pdf", "json"):
                path = page.path.format(round_id=before, form=form) + ("?kind=posted" if form == "pdf" else "")
                if _get(served, _who(served, path), path).status_code == httpx.codes.OK:
                    yield page.title, path


def _ask(served: Served, path: str) -> dict[str, Any]:
    """Ask for an address again and again, after once for what is loaded at the first time."""
    who = _who(served, path)
    answer = _get(served, who, path)
    times = FILES if "content-disposition" in answer.headers else TIMES
    seconds, before = [], _cpu()
    for _ in range(times):
        started = time.perf_counter()
        answer = _get(served, who, path)
        seconds.append(time.perf_counter() - started)
    return {
        "path": path,
        "status": answer.status_code,
        "kib": round(len(answer.content) / 1024),
        "cpu_ms": round((_cpu() - before) * 1000 / times),
        "median_ms": round(statistics.median(seconds) * 1000),
        "p95_ms": round(statistics.quantiles(seconds, n=20, method="inclusive")[-1] * 1000),
        "times": times,
    }


def _get(served: Served, who: str, path: str) -> httpx.Response:
    return served.people[who].get(f"/mailround{path}", timeout=PATIENCE_SECONDS)


def _who(served: Served, path: str) -> str:
    return next((who for who in WHO if _get(served, who, path).status_code != httpx.codes.FORBIDDEN), WHO[0])


def _server() -> Path:
    """Return where the system tells of the server: the only process that this one has started."""
    (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return Path("/proc") / child


def _cpu() -> float:
    """Return the seconds of processor that the server has had."""
    fields = (_server() / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory() -> float:
    """Return the peak of the server's memory in MiB."""
    status = (_server() / "status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+([0-9]+) kB", status)[0]) / 1024


if __name__ == "__main__":
    RESULTS.write_text(json.dumps(measured := measure(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    write_report(measured, HERE / "results.md")
