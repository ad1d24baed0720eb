"""``python step.py NAME ROUND``: run one step in this process; prints seconds, peak memory and counts as JSON.

``begin_seconds`` are the processor's before a step begins: its imports, and finding the round; a mapped task has them
each time.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from memory import peak_mib

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailround.context import RoundContext
    from mailround.model import ChunkGroup

PROCESSES = 2
MODULES = {"make_proof": "mailround.proof"}
"""Where steps are that have no module of their own name."""


def main(name: str, round_id: str) -> None:
    """Run a step, or one of the wholes below, over all chunks of the round."""
    wholes = {
        "archive": archive,
        "floor": floor,
        "print_path": print_path,
        "digests": digests,
        "render_in_two": render_in_two,
    }
    figures = wholes[name](round_id) if name in wholes else step(name, round_id)
    print(json.dumps(figures | {"peak_mib": peak_mib()}))


def step(name: str, round_id: str) -> dict[str, Any]:
    """Run a step of the product as one task over all chunks."""
    from mailround import model
    from mailround.register.entries import PrintPlanned, Rendered, latest
    from mailround.settings import TOKYO

    begun = time.process_time()
    run = getattr(import_module(MODULES.get(name, f"mailround.{name}")), name)
    work = _round(round_id)
    begin_seconds = time.process_time() - begun
    arguments: list[object] = []
    if name in {"render", "verify"}:
        planned, done = latest(work.entries, PrintPlanned), latest(work.entries, Rendered)
        if planned is None:
            raise SystemExit("nothing is planned")
        arguments = [model.ChunkGroup(round_id=round_id, first=1, last=planned.chunks)]
        if name == "verify":
            if done is None:
                raise SystemExit("nothing is rendered")
            arguments = [model.Rendered(round_id=round_id, **done.model_dump(exclude={"kind"}))]
    begun, processor = time.perf_counter(), _processor_seconds()
    outcome = run(work, *arguments, at=datetime.now(TOKYO))
    seconds, cpu_seconds = time.perf_counter() - begun, _processor_seconds() - processor
    made: dict[str, Any] = {name: getattr(outcome, name, None) for name in ("pages", "pieces", "bytes")}
    if isinstance(outcome, list):
        made["groups"] = [asdict(group) for group in outcome]
    return made | {"seconds": seconds, "cpu_seconds": cpu_seconds, "begin_seconds": begin_seconds}


def _processor_seconds() -> float:
    """Return what this process and those it started have taken of the processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def archive(round_id: str) -> dict[str, Any]:
    """Seal the round as `seal` does, but count only the seconds inside the archive: opening, writing, closing it."""
    import pyzipper

    spent = 0.0

    def counted(run: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever pyzipper takes and returns
            nonlocal spent
            begun = time.perf_counter()
            try:
                return run(*arguments, **named)
            finally:
                spent += time.perf_counter() - begun

        return timed

    archived = pyzipper.AESZipFile

    class Member(archived.zipwritefile_cls):
        write = counted(archived.zipwritefile_cls.write)
        close = counted(archived.zipwritefile_cls.close)

    class Archive(archived):
        zipwritefile_cls = Member
        close = counted(archived.close)

        def open(self, name: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:  # noqa: ANN401 - as above
            opened = counted(super().open) if mode == "w" else super().open  # reopening reads, and is not counted
            return opened(name, mode, *rest, **named)

    pyzipper.AESZipFile = Archive
    try:
        sealed = step("seal", round_id)
    finally:
        pyzipper.AESZipFile = archived
    return sealed | {"seconds": spent}


def floor(round_id: str) -> dict[str, Any]:
    """Do of a sealing only what libraries do in it; the round is sealed already."""
    from floor import parts

    from mailround.seal import package_path

    work = _round(round_id)
    found = parts(work)
    size = package_path(work.settings, round_id).stat().st_size
    return {"parts": found, "seconds": sum(found.values()), "bytes": size}


def print_path(round_id: str) -> dict[str, Any]:
    """Plan, render, verify and seal on two processes, as Airflow maps them: all groups rendered, then all read back.

    The seconds are those of the wall, the start of both processes and their imports included.
    """
    from mailround.plan_print import plan_print
    from mailround.seal import seal
    from mailround.settings import TOKYO

    begun = time.perf_counter()
    at = datetime.now(TOKYO)
    with _pool() as pool:
        groups = plan_print(_round(round_id), at=at)
        rendered = list(pool.map(_render, groups))
        list(pool.map(_verify, rendered))
        sealed = seal(_round(round_id), at=at)
    return {"seconds": time.perf_counter() - begun, "pages": sealed.pages, "pieces": sealed.pieces}


def render_in_two(round_id: str) -> dict[str, Any]:
    """Plan and render the round on two processes; for the comparison of bytes, not of seconds."""
    from mailround.plan_print import plan_print
    from mailround.settings import TOKYO

    with _pool() as pool:
        list(pool.map(_render, plan_print(_round(round_id), at=datetime.now(TOKYO))))
    return {}


def digests(round_id: str) -> dict[str, Any]:
    """Return the SHA-256 of every PDF of the round, and what its font and its pages weigh."""
    from mailround.register.entries import PrintPlanned, latest

    work = _round(round_id)
    planned = latest(work.entries, PrintPlanned)
    pdfs = {name: work.workspace.read(name) for name in work.workspace.names("print")}
    return {
        "sha256": {name: hashlib.sha256(pdf).hexdigest() for name, pdf in pdfs.items()},
        "bytes": sum(map(len, pdfs.values())),
        "characters": planned.characters if planned else 0,
    }


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn"))


def _render(group: ChunkGroup) -> Any:  # noqa: ANN401 - a reference that only travels
    from mailround.render import render
    from mailround.settings import TOKYO

    return render(_round(group.round_id), group, at=datetime.now(TOKYO))


def _verify(rendered: Any) -> Any:  # noqa: ANN401 - as above
    from mailround.settings import TOKYO
    from mailround.verify import verify

    return verify(_round(rendered.round_id), rendered, at=datetime.now(TOKYO))


def _round(round_id: str) -> RoundContext:
    from mailround.context import load_round
    from mailround.settings import load_settings

    return load_round(load_settings(), round_id)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
