"""``python step.py NAME ROUND``: run one step in this process; prints seconds, peak memory and counts as JSON."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from memory import peak_mib

if TYPE_CHECKING:
    from mailround.context import RoundContext
    from mailround.model import ChunkGroup

PROCESSES = 2
AES_MEGABYTES = 60


def main(name: str, round_id: str) -> None:
    """Run a step, or one of the wholes below, over all chunks of the round."""
    wholes = {"aes": aes, "print_path": print_path, "digests": digests, "render_in_two": render_in_two}
    figures = wholes[name](round_id) if name in wholes else step(name, round_id)
    print(json.dumps(figures | {"peak_mib": peak_mib()}))


def step(name: str, round_id: str) -> dict[str, Any]:
    """Run a step of the product as one task over all chunks."""
    from mailround import model
    from mailround.register.entries import PrintPlanned, Rendered, latest
    from mailround.settings import TOKYO

    work = _round(round_id)
    run = getattr(import_module(f"mailround.{name}"), name)
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
    begun = time.perf_counter()
    outcome = run(work, *arguments, at=datetime.now(TOKYO))
    seconds = time.perf_counter() - begun
    made = {name: getattr(outcome, name, None) for name in ("pages", "pieces", "bytes")}
    return made | {"seconds": seconds}


def aes(round_id: str) -> dict[str, Any]:
    """Write the round's PDFs, repeated to AES_MEGABYTES, into an AES-256 ZIP as `seal` does, and nothing else."""
    import pyzipper

    workspace = _round(round_id).workspace
    pdfs = [workspace.read(name) for name in workspace.names("print")]
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
    return {"seconds": seconds, "bytes": total}


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
