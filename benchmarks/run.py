"""`make bench`: one round of 8,500 households, each step in a process of its own; seconds and peak memory per step.

Writes ``results.json`` and ``results.md`` beside this file. Nothing is asserted here: a report shows what was measured.
Each step runs RUNS times on the same round (steps are idempotent); the median is quoted.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailround.context import RoundContext

HERE = Path(__file__).resolve().parent
HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "8500"))
RUNS = int(os.environ.get("RUNS", "5"))
STEPS = ("extract", "check_quality", "plan_print", "render", "verify", "seal", "aes")
AES_MEGABYTES = 60
TARGETS = {
    "extract": "≤ 3 s",
    "check_quality": "≤ 20 s",
    "plan_print": "",
    "render": "≥ 600 pages/s, ≤ 160 MiB",
    "verify": "≥ 400 pages/s",
    "seal": "≥ 150 MB/s",
    "aes": "(part of seal)",
}
TITLES = {"seal": "seal: list, write, reopen, check everything", "aes": "writing AES-256 alone, 60 MB of the same PDFs"}


def step(name: str, round_id: str) -> None:
    """Run one step in this process and print its figures as JSON."""
    from mailround import model
    from mailround.context import load_round
    from mailround.register.entries import PrintPlanned, Rendered, latest
    from mailround.settings import TOKYO, load_settings

    work = load_round(load_settings(), round_id)
    if name == "aes":
        print(json.dumps(aes(work)))
        return
    run = getattr(import_module(f"mailround.{name}"), name)
    arguments: list[object] = []
    if name in {"render", "verify"}:
        planned, done = latest(work.entries, PrintPlanned), latest(work.entries, Rendered)
        if planned is None:
            raise SystemExit("nothing is planned")
        last = planned.chunks
        arguments = [model.ChunkGroup(round_id=round_id, first=1, last=last)]
        if name == "verify":
            if done is None:
                raise SystemExit("nothing is rendered")
            figures = {"pieces": done.pieces, "pages": done.pages}
            arguments = [model.Rendered(round_id=round_id, first=1, last=last, sha256=done.sha256, **figures)]
    begun = time.perf_counter()
    outcome = run(work, *arguments, at=datetime.now(TOKYO))
    seconds = time.perf_counter() - begun
    measured = {name: getattr(outcome, name, None) for name in ("pages", "bytes")}
    print(json.dumps(measured | {"seconds": seconds, "peak_mib": peak()}))


def aes(work: RoundContext) -> dict[str, float | None]:
    """Write the round's PDFs, repeated to AES_MEGABYTES, into an AES-256 ZIP as `seal` does, and nothing else."""
    import pyzipper

    pdfs = [work.workspace.read(name) for name in work.workspace.names("print")]
    total = 0
    with tempfile.TemporaryFile() as file:
        begun = time.perf_counter()
        with pyzipper.AESZipFile(
            file, "w", compression=pyzipper.ZIP_STORED, encryption=pyzipper.WZ_AES, encryption_kwargs={"nbits": 256}
        ) as archive:
            archive.setpassword(b"AAAAABBBBBCCCCCDDDDD")
            while total < AES_MEGABYTES * 1e6:
                for pdf in pdfs:
                    archive.writestr(f"{total}.pdf", pdf)
                    total += len(pdf)
        seconds = time.perf_counter() - begun
    return {"seconds": seconds, "peak_mib": peak(), "pages": None, "bytes": total}


def peak() -> float:
    """Return this process's peak resident memory in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure() -> None:
    """Prepare a round in a temporary ward and measure every step."""
    with tempfile.TemporaryDirectory() as folder:
        ward = Path(folder)
        environment = {
            **os.environ,
            "MAILROUND_INBOX": f"{ward}/inbox",
            "MAILROUND_DATA": f"{ward}/data",
            "MAILROUND_OUTBOX": f"{ward}/outbox",
            "MAILROUND_VAULT": f"{ward}/vault",
            "MAILROUND_VAULT_IDENTITY": f"{ward}/identity",
            "MAILROUND_REGISTER_URL": f"sqlite:///{ward}/register/register.db",
            "MAILROUND_ALERT_TO": "bench@mailround.invalid",
        }
        os.environ.update(environment)
        from mailround.local.drive import sample_round
        from mailround.open_round import open_round
        from mailround.register.store import Register
        from mailround.settings import TOKYO, load_settings

        settings = load_settings()
        settings.inbox.mkdir(mode=0o700)
        Register(settings.register_url).migrate()
        params = sample_round(settings, households=HOUSEHOLDS, seed=1, name="bench")
        open_round(
            settings, params.model_dump(mode="json"), run_id="bench", triggered_by="bench", at=datetime.now(TOKYO)
        )
        results = {}
        for name in STEPS:
            runs = []
            for _ in range(RUNS):
                done = subprocess.run(
                    [sys.executable, __file__, name, params.round_id],
                    env=environment,
                    check=True,
                    capture_output=True,
                    text=True,
                )
                runs.append(json.loads(done.stdout.splitlines()[-1]))
            seconds = statistics.median(run["seconds"] for run in runs)
            results[name] = {
                "seconds": round(seconds, 2),
                "all_seconds": [round(run["seconds"], 2) for run in runs],
                "peak_mib": round(max(run["peak_mib"] for run in runs)),
                "pages_per_second": round(runs[0]["pages"] / seconds) if name in {"render", "verify"} else None,
                "megabytes_per_second": round(runs[0]["bytes"] / 1e6 / seconds) if name in {"seal", "aes"} else None,
            }
            print(name, results[name], flush=True)
    machine = {"processor": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}
    report = {
        "measured_on": datetime.now(TOKYO).date().isoformat(),
        "machine": machine,
        "households": HOUSEHOLDS,
        "runs": RUNS,
        "steps": results,
    }
    (HERE / "results.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(_table(report), encoding="utf-8")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _table(report: dict) -> str:  # type: ignore[type-arg]
    machine = report["machine"]
    lines = [
        f"# {report['households']:,} households, median of {report['runs']}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {report['measured_on']}.",
        "One process per step; peak memory is the whole process.",
        "",
        "| step | seconds | rate | peak MiB | aim |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for name, each in report["steps"].items():
        rate = (
            f"{each['pages_per_second']:,} pages/s"
            if each["pages_per_second"]
            else f"{each['megabytes_per_second']:,} MB/s"
            if each["megabytes_per_second"]
            else ""
        )
        lines.append(
            f"| {TITLES.get(name, name)} | {each['seconds']} | {rate} | {each['peak_mib']} | {TARGETS[name]} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    step(sys.argv[1], sys.argv[2]) if len(sys.argv) > 1 else measure()
