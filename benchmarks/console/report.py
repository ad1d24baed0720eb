"""``results.md``: the measured figures as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MOST_MS = 300


def write_report(results: dict[str, Any], path: Path) -> None:
    """Write what was measured."""
    made_on, memory, login = results["machine"], results["memory"], results["login"]
    lines = [
        "# The console: how long a page takes at the server",
        "",
        f"{made_on['processor']}, {made_on['cores']} cores, Python {made_on['python']}, {results['measured_on']}.",
        f"`make bench-console` writes this page: {results['rounds']} rounds and {results['entries']:,} register",
        "entries in SQLite, all made up. A round has 2,500 entries, nearly all of them mail that came back and what",
        "was done about it. One more round is real: the steps made it of",
        f"{results['households']:,} households of the sample, and it has the holds, the package and the proof.",
        "Airflow's own web application serves the pages over HTTP on the same machine, one at a",
        "time, to a user who is logged in as people are (FAB, cookie); a file that is the same for everybody, and so",
        f"costs the login alone, takes {login['median_ms']} ms (95 %: {login['p95_ms']} ms,",
        f"processor: {login['cpu_ms']} ms). A page meets its target when 95 of 100 requests do. The processor's time",
        "is what the server itself worked for a request; the rest is waiting, also for other work of the machine,",
        f"whose load was {results['load']:.1f} when the pages were done.",
        "",
        *_table("page", results["pages"], MOST_MS),
        "",
        "Files are drawn when somebody asks for them; they have no target.",
        "",
        *_table("file", results["files"], None),
    ]
    lines += [
        "",
        f"Peak memory of the server's process: {memory['at_first']:,.0f} MiB when it had started,",
        f"{memory['with_pages']:,.0f} MiB after all pages, {memory['with_files']:,.0f} MiB after all files.",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _table(what: str, rows: Sequence[dict[str, Any]], most: int | None) -> Iterator[str]:
    target = f" ≤ {most} ms |" if most else ""
    yield f"| {what} | address | requests | median | 95 % | processor | KiB |{target}"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: |" + (" --- |" if most else "")
    for row in rows:
        verdict = f" {'met' if row['p95_ms'] <= most else '**missed**'} |" if most else ""
        yield (
            f"| {row['page']} | `{row['path']}` | {row['times']} | {row['median_ms']:,} ms | {row['p95_ms']:,} ms "
            f"| {row['cpu_ms']:,} ms | {row['kib']:,} |{verdict}"
        )
