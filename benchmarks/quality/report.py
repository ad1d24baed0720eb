"""``results.md``: the measured figures as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LIMITS = {8_500: (15.0, None), 1_000_000: (120.0, 2048.0)}
"""Seconds and MiB that may be used, by households."""
_MOST_HELD = 0.001


def write_report(results: dict[str, Any], path: Path) -> None:
    """Write the tables of the parts that were measured."""
    machine = results["machine"]
    lines = [
        "# Quality checks: both kinds of error, and what they cost",
        "",
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {results['measured_on']}.",
        "`make bench-quality` writes this page. All households are synthetic; all runs are seeded.",
        "",
        *_targets(results),
    ]
    if "accuracy" in results:
        lines += _accuracy(results["accuracy"])
    if "clean" in results:
        lines += _clean(results["clean"])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _targets(results: dict[str, Any]) -> Iterator[str]:
    yield from ("| what | measured | target | |", "| --- | ---: | ---: | --- |")
    if "accuracy" in results:
        planted = [each for each in results["accuracy"]["kinds"] if each["expected"]]
        yield f"| kinds of defect with ground truth | {len(planted)} | ≥ 25 | {_verdict(met=len(planted) >= 25)} |"  # noqa: PLR2004
    if "clean" in results:
        held, rows = results["clean"]["held"], results["clean"]["rows"]
        share = f"{held / rows:.3%} of {rows:,}"
        yield f"| false holds on sound households | {share} | < 0.1 % | {_verdict(met=held / rows < _MOST_HELD)} |"
    for each in results.get("speed", ()):
        most, memory = _LIMITS.get(each["rows"], (None, None))
        title = f"{each['rows']:,} households, import included, median of {each['runs']}"
        seconds, peak = each["seconds"], each["peak_mib"]
        aim = (f"≤ {most:.0f} s" if most else "") + (f", ≤ {memory:,.0f} MiB" if memory else "")
        met = (most is None or seconds <= most) and (memory is None or peak <= memory)
        yield f"| {title} | {seconds:.1f} s, {peak:,.0f} MiB | {aim} | {_verdict(met=met)} |"
    yield ""


def _accuracy(accuracy: dict[str, Any]) -> Iterator[str]:
    defects = [each for each in accuracy["kinds"] if each["expected"]]
    near = [each for each in accuracy["kinds"] if not each["expected"]]
    yield from (
        "## Rules",
        "",
        f"Over {accuracy['rows']:,} households in one round: sound ones, victims of every kind of defect, near-misses.",
        "Right: found and planted. Wrong: found beyond anything planted there. Missed: planted and found by no rule",
        "that should; counted with the first of them. Recall is over right and missed. What no kind plants, has none.",
        "",
        "| rule | severity | right | wrong | missed | precision | recall |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    )
    for each in accuracy["rules"]:
        counts = f"{each['right']} | {each['wrong']} | {each['missed']}"
        shares = f"{_percent(each['precision'])} | {_percent(each['recall'])}"
        yield f"| {each['id']} | {each['severity']} | {counts} | {shares} |"
    yield from (
        "",
        "## Kinds of defect",
        "",
        "Found: by any of the rules that should. Wrongly: other rules that found a victim or its companions, beyond",
        "those that may.",
        "",
        "| kind | should be found by | planted | found | missed | as | wrongly |",
        "| --- | --- | ---: | ---: | ---: | --- | --- |",
    )
    for each in defects:
        counts = f"{each['planted']} | {each['found']} | {each['missed']}"
        told = f"{_listed(each['by_severity'])} | {_listed(each['wrongly'])}"
        yield f"| {_title(each)} | {' '.join(each['expected'])} | {counts} | {told} |"
    yield from (
        "",
        "## Near-misses",
        "",
        "They look like defects and are none. Held: kept from print by a rule that should not.",
        "",
        "| kind | planted | held | wrongly |",
        "| --- | ---: | ---: | --- |",
    )
    for each in near:
        yield f"| {_title(each)} | {each['planted']} | {each['held']} | {_listed(each['wrongly'])} |"
    yield from ("", "## Examples of what was missed or found wrongly", "")
    for each in accuracy["kinds"]:
        yield from (f"* {_title(each)}: {_code(example)}" for example in each["examples"])


def _clean(clean: dict[str, Any]) -> Iterator[str]:
    rows = clean["rows"]
    yield from (
        "",
        "## False alarms on sound households",
        "",
        f"Of {rows:,}: held {clean['held']:,} ({clean['held'] / rows:.3%}),",
        f"warned {clean['warned']:,} ({clean['warned'] / rows:.3%}).",
        "Lists for information (info) are no alarm: institutions are shared.",
        "",
        "| rule | severity | households | share | for example |",
        "| --- | --- | ---: | ---: | --- |",
    )
    for each in clean["rules"]:
        example = _code(each["examples"][0]) if each["examples"] and each["severity"] != "info" else ""
        yield f"| {each['id']} | {each['severity']} | {each['count']:,} | {each['count'] / rows:.3%} | {example} |"


def _verdict(*, met: bool) -> str:
    return "met" if met else "**missed**"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _listed(counts: dict[str, int]) -> str:
    return " ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _title(kind: dict[str, Any]) -> str:
    return str(kind["kind"]).replace("_", " ")


def _code(text: str) -> str:
    return "`" + text.replace("`", "'").replace("|", "¦") + "`"
