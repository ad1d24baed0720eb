"""What the pages for people name is there: make's targets, commands and options, files, headings, pictures, roles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from mailround.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (
        ROOT / "README.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "docs" / "ja").glob("*.md")),
    )
}
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
PICTURE_BYTES = 150 * 1024
every_page = pytest.mark.parametrize("page", PAGES)


def code(page: str) -> list[str]:
    """Return the lines of a page's code blocks, continued lines joined, and its code spans."""
    text = PAGES[page].replace("\\\n", " ")
    blocks = re.findall(r"^ *```.*?\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", rest)


def commands() -> dict[str, set[str]]:
    """Return every command of ``mailround`` with its options."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, set[str]]]:
        if hasattr(command, "commands"):
            for each, inner in command.commands.items():
                yield from walk(inner, f"{name} {each}".strip())
        else:
            yield name, {option for parameter in command.params for option in parameter.opts}

    return dict(walk(get_command(app), ""))


COMMANDS = commands()


def unknown(line: str) -> list[str]:
    """Return what a line calls that is not there; a group alone (`mailround register`) is a word, not a call."""
    found = [f"make {each}" for each in re.findall(r"\bmake ([a-z][a-z-]*)", line) if each not in TARGETS]
    for called in re.findall(r"(?<![\w./-])mailround ([a-z][^|>#;&`]*)", line):
        words = called.split()
        name = words[0] if words[0] in COMMANDS else " ".join(words[:2])
        if name in COMMANDS:
            options = {word.split("=")[0] for word in words if word.startswith("--")}
            found += [f"mailround {name} {option}" for option in sorted(options - COMMANDS[name])]
        elif len(words) > 1 or not any(each.startswith(f"{name} ") for each in COMMANDS):
            found.append(f"mailround {name}")
    return found


@every_page
def test_every_command_on_a_page_is_there(page: str) -> None:
    assert [each for line in code(page) for each in unknown(line)] == []


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("make upp", ["make upp"]),
        ("make up && mailround register verfy", ["mailround register verfy"]),
        ("docker compose exec api-server start mailround proof 2026-11-change --df 1 | lp", ["mailround proof --df"]),
        ("mailround holds show 2026-11-change --xlsx a.xlsx; mailround roles apply", []),
        ("/opt/mailround run; mailround:0.1.0", []),
    ],
)
def test_a_command_that_is_not_there_is_noticed(line: str, missing: list[str]) -> None:
    assert unknown(line) == missing


@every_page
def test_every_path_on_a_page_is_there(page: str) -> None:
    """Of a path with a placeholder the part before it counts."""
    named = {
        found
        for line in code(page)
        for found in re.findall(
            r"(?<![\w./-])((?:include|docs|deploy|plugins|dags|tests|benchmarks)/[\w./-]*)", line, re.ASCII
        )
    }
    assert {each for each in named if not (ROOT / each).exists()} == set()


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as they are made where it is read."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        led = (ROOT / page).parent / path if path else ROOT / page
        assert led.exists(), target
        assert not anchor or anchor in anchors(led.read_text(encoding="utf-8")), target


def test_every_picture_is_shown_somewhere_and_small() -> None:
    shown = {Path(each).name for text in PAGES.values() for each in re.findall(r"\]\(([^)]+\.png)\)", text)}
    pictures = list((ROOT / "docs" / "images").glob("*.png"))
    assert {each.name for each in pictures} == shown
    assert [each.name for each in pictures if each.stat().st_size > PICTURE_BYTES] == []


def test_the_example_of_single_sign_on_gives_the_wards_roles() -> None:
    roles = set(yaml.safe_load((ROOT / "include" / "roles.yaml").read_text(encoding="utf-8"))["roles"])
    block = re.search(r"^ *```python\n(.*?)^ *```", PAGES["docs/deployment.md"], re.MULTILINE | re.DOTALL)
    assert block is not None
    indent = min(len(line) - len(line.lstrip()) for line in block[1].splitlines() if line)
    tree = ast.parse("\n".join(line[indent:] for line in block[1].splitlines()))
    values = {
        node.targets[0].id: node.value  # type: ignore[attr-defined]
        for node in tree.body
        if isinstance(node, ast.Assign)
    }
    given = [role for mapped in ast.literal_eval(values["AUTH_ROLES_MAPPING"]).values() for role in mapped]
    assert sorted(given) == sorted(roles - {"AccessReview"})
