"""Airflow loads its plugins in every component: only whoever serves a page pays for the console."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from mailround.local.airflow import LocalAirflow

LOADED = """
import json, sys
from airflow import plugins_manager
errors = plugins_manager.get_import_errors()
apps, _ = plugins_manager.get_fastapi_plugins()
told = [each["url_prefix"] for each in apps]
print(json.dumps({"errors": errors, "told": told, "modules": sorted(sys.modules)}))
"""


def test_loading_the_plugin_builds_no_console_and_opens_no_register(tmp_path: Path) -> None:
    environment = LocalAirflow(tmp_path / "airflow", 1, 2).environment()
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded["errors"] == {}
    assert loaded["told"] == ["/mailround"]
    assert "mailround.console.pages" in loaded["modules"]
    ours = {name for name in loaded["modules"] if name.startswith("mailround.")}
    assert (
        ours & {"mailround.console.app", "mailround.register", "mailround.context", "mailround.console.rounds"} == set()
    )
