"""``results.md``: the measured figures as tables, each target beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

WRITERS = {
    "mailround": ("mailround", ""),
    "limit": ("hand-written PDF, the limit", "no fitting, no line breaking rules, no variation sequences, no checks"),
    "platypus": ("reportlab Platypus", "U+3000 comes out as a plain blank; lists a Helvetica that is not embedded"),
    "typst": ("Typst", "given texts and codes; no smaller size for what is too wide"),
    "fpdf2": ("fpdf2", "given texts and codes; lines broken anywhere; no smaller size for what is too wide"),
    "weasyprint": ("WeasyPrint", "given texts and codes; no smaller size for what is too wide"),
}
"""Title of each way to write the notices, and where its page differs from ours."""
_STEPS = {
    "seal": "seal: the whole step with reopening and every check",
    "archive": "seal: writing the AES-256 archive",
    "floor": "seal: only its decryption, encryption, hashes and page counts",
}
_MOST_UNEQUAL = 0.10
MOST_MIB = 96
"""Target of a worker's peak memory."""


def write_report(results: dict[str, Any], path: Path) -> None:
    """Write the tables."""
    machine = results["machine"]
    lines = [
        f"# A round of {results['households']:,} households, median of {results['runs']}",
        "",
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {results['measured_on']}.",
        "`make bench` writes this page; `make bench-large` adds the round of ten times as many households.",
        "",
        "![pages a second and peak memory](results.svg)",
        "",
        "## Targets",
        "",
        "| what | measured | target | |",
        "| --- | ---: | ---: | --- |",
        *(f"| {what} | {measured} | {aim} | {_verdict(met)} |" for what, measured, aim, met in _targets(results)),
        "",
        "## The same notice, written in other ways",
        "",
        f"One page a notice, {results['characters']:,} different characters in the round, files of 500, one core.",
        "All embed from the round's font, which holds only the characters of the round; opening it is not timed.",
        "Each page was read back and shows every text of its notice. The ratio is the median of the turns.",
        "",
        "| writer | notices | pages/s | ours to it | peak MiB | bytes/page | differs |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *_writers(results["writers"]),
        "",
        "## Steps",
        "",
        "Each step in one process; peak memory is the whole process.",
        "",
        *_steps(results),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def pages_per_second(figures: dict[str, Any]) -> float:
    """Return the pages of a step, or the notices of a writer, a second."""
    rate: float = (figures.get("pages") or figures["notices"]) / figures["seconds"]
    return rate


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "**missed**", None: "not measured"}[met]


def _targets(results: dict[str, Any]) -> Iterator[tuple[str, str, str, bool | None]]:
    steps, writers = results["steps"], results["writers"]
    render, verify = pages_per_second(steps["render"]), pages_per_second(steps["verify"])
    characters, weight = results["characters"], results["bytes_per_page"]
    platypus, limit = writers["platypus"]["ours_to_it"], writers["limit"]["ours_to_it"]
    path = results["print_path"]["seconds"]
    yield "different characters in the round", f"{characters:,}", "≥ 2,985", characters >= 2985  # noqa: PLR2004
    yield "render, pages/s on one core", f"{render:,.0f}", "≥ 1,500", render >= 1500  # noqa: PLR2004
    yield "render against Platypus", f"{platypus:.1f} ×", "≥ 6 ×", platypus >= 6  # noqa: PLR2004
    yield "render against the limit", f"{limit:.0%}", "≥ 65 %", limit >= 0.65  # noqa: PLR2004
    yield "verify, pages/s on one core", f"{verify:,.0f}", "≥ 600", verify >= 600  # noqa: PLR2004
    yield "plan, render, verify, seal on two processes", f"{path:.1f} s", "≤ 20 s", path <= 20  # noqa: PLR2004
    yield "bytes a page", f"{weight:,}", "≤ 4,500", weight <= 4500  # noqa: PLR2004
    large = results["large"]
    for name in (
        "plan_print",
        "render",
        "verify",
        "seal",
    ):  # the print path; only the middle two are spread over workers
        peak = steps[name]["peak_mib"]
        yield f"{name}, peak MiB of the worker", f"{peak:.0f}", f"≤ {MOST_MIB}", peak <= MOST_MIB
        what = f"{name}, peak MiB at ten times the households"
        if large is None:
            yield what, "", "equal within 10 %", None
        else:
            larger = large["steps"][name]["peak_mib"]
            yield what, f"{larger:.0f}", "equal within 10 %", abs(larger / peak - 1) <= _MOST_UNEQUAL
    for how, same in results["same_bytes"].items():
        yield f"SHA-256 of every PDF: {how}", "identical" if same else "differs", "identical", same
    yield "extract", f"{steps['extract']['seconds']:.1f} s", "≤ 3 s", steps["extract"]["seconds"] <= 3  # noqa: PLR2004
    quality = steps["check_quality"]["seconds"]
    yield "check_quality", f"{quality:.1f} s", "≤ 20 s", quality <= 20  # noqa: PLR2004
    for name in ("archive", "seal"):
        rate = _megabytes_per_second(steps[name])
        yield _STEPS[name], f"{rate:.0f} MB/s, {steps[name]['seconds']:.2f} s", "≥ 150 MB/s", rate >= 150  # noqa: PLR2004


def _writers(writers: dict[str, Any]) -> Iterator[str]:
    for name, (title, differs) in WRITERS.items():
        each = writers[name]
        if each is None:
            yield f"| {title} | **not installed** | | | | | |"
            continue
        yield (
            f"| {title} | {each['notices']:,} | {pages_per_second(each):,.0f} | {each['ours_to_it']:.2f} | "
            f"{each['peak_mib']:.0f} | {each['bytes'] / each['notices']:,.0f} | {differs} |"
        )


def _steps(results: dict[str, Any]) -> Iterator[str]:
    large = results["large"]
    beside = f" peak MiB at {large['households']:,} |" if large else ""
    yield f"| step | seconds | rate | peak MiB |{beside}"
    yield f"| --- | ---: | ---: | ---: |{' ---: |' if large else ''}"
    for name, each in results["steps"].items():
        rate = f"{pages_per_second(each):,.0f} pages/s" if name in {"render", "verify"} else ""
        if name in {"seal", "archive", "floor"}:
            rate = f"{_megabytes_per_second(each):.0f} MB/s"
        peak = "" if name == "floor" else f"{each['peak_mib']:.0f}"  # it holds the whole package, unlike any step
        row = f"| {_STEPS.get(name, name)} | {each['seconds']:.2f} | {rate} | {peak} |"
        larger = large["steps"].get(name) if large else None
        yield row + (f" {larger['peak_mib']:.0f} |" if larger else " |" if large else "")


def _megabytes_per_second(figures: dict[str, Any]) -> float:
    rate: float = figures["bytes"] / 1e6 / figures["seconds"]
    return rate
