"""The command as people call it, on a ward of its own: nothing it says may hold a canary, English or a traceback."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commanded import NAME, PLACE, Maker, Opener, Run, rewrite
from typer.testing import CliRunner, Result

from mailround.cli import app
from mailround.context import RoundContext
from mailround.settings import Settings
from prepared import print_round

ENGLISH = re.compile(r"Usage|\bError|Traceback|Missing|Invalid|No such|Options|Show this|required|Aborted")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Call the command on an 80-column terminal; nothing it says anywhere may hold a canary, English or a traceback."""
    for name in tuple(os.environ):
        if name.startswith("MAILROUND_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")

    def runner(*arguments: object, text: str | None = None) -> Result:
        result = CliRunner().invoke(app, [str(each) for each in arguments], input=text)
        said = result.output + "".join(capfd.readouterr())
        assert "伽奈利亜" not in said
        assert "カナリア" not in said
        assert not ENGLISH.search(said), said
        assert isinstance(result.exception, SystemExit | None), result.exception
        return result

    return runner


@pytest.fixture
def ward(settings: Settings, run: Run, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a ward, in the environment."""
    for name in ("inbox", "data", "outbox", "vault", "vault_identity", "register_url"):
        monkeypatch.setenv(f"MAILROUND_{name.upper()}", str(getattr(settings, name)))
    monkeypatch.setenv("MAILROUND_ALERT_TO", ",".join(settings.alert_to))
    return settings


@pytest.fixture
def export(tmp_path: Path, run: Run) -> Callable[..., Path]:
    """Write a sample whose every household carries the canaries."""

    def writer(*options: str, layout: str = "shinjuku", kind: str = "change_notice") -> Path:
        folder = tmp_path / "exports"
        done = run("sample", folder, "--households", 45, "--layout", layout, "--kind", kind, *options)
        assert done.exit_code == 0
        path = folder / "sample.csv"
        assert done.stdout == f"{path}\n"

        def plant(rows: list[dict[str, str]]) -> None:
            for row in rows:
                row["name"] = NAME
                row["building"] = PLACE

        rewrite(path, plant, layout)
        return path

    return writer


@pytest.fixture
def work(ward: Settings, open_a_round: Opener, make_recipient: Maker) -> RoundContext:
    """A round that is printed and verified, with the canary in its records."""
    opened = open_a_round()
    print_round(opened, lambda **fields: make_recipient(**(fields | {"name": NAME})), pieces=4)
    return opened
