"""Code and commands that need Airflow, in processes forked from one that has imported it: importing takes seconds.

A fork knows nothing of what the forks before it did, and has the environment that it is given; its connection to
Airflow's database is made of that environment, as at Airflow's import. What is imported is as after `import airflow`,
not as in a bare interpreter: whether a command starts from nothing, its own test or an end-to-end test says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

IMPORTED = """
import gc, json, os, runpy, sys
import airflow.dag_processing.dagbag, airflow.providers.smtp.hooks.smtp, airflow.sdk.execution_time.supervisor
import airflow.providers.fab.auth_manager.cli_commands.utils, airflow.utils.db, airflow.utils.db_cleanup
import mailround.airflow_api, mailround.cleaning, mailround.house
import mailround.incident_forms, mailround.incident_notices, mailround.operators, mailround.proof, mailround.purge
import mailround.retention, mailround.returned_mail, mailround.tasks, mailround.withdrawal
from airflow import settings

def become(asked):
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, (name, flags) in enumerate((("in", os.O_RDONLY), ("out", WRITTEN), ("err", WRITTEN))):
        os.dup2(os.open(os.path.join(asked["folder"], name), flags), number)
    settings.configure_vars()
    settings.configure_orm()
    what, called, *sys.argv[1:] = asked["arguments"]
    if what == "-m":
        runpy.run_module(called, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = what
        exec(called, {"__name__": "__main__"})

WRITTEN = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
gc.freeze()  # or the first collection of every fork copies all of it
for line in sys.stdin:
    if not (child := os.fork()):
        ended = 0
        try:
            become(json.loads(line))
        except SystemExit as told:
            ended = told.code or 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
            ended = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended)  # taking down what the parent has imported takes as long as importing it
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Airflow:
    """A process that has imported Airflow and what of this package is made of it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", IMPORTED],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def python(self, *arguments: str, environment: dict[str, str], told: str = "") -> subprocess.CompletedProcess[str]:
        """Return what ``python -c code …`` or ``python -m module …`` says and how it ends; it is told what it reads."""
        with tempfile.TemporaryDirectory() as folder:
            return self._forked(arguments, Path(folder), environment, told)

    def run(self, code: str, *arguments: str, folder: Path, environment: dict[str, str]) -> Any:
        """Return what the code prints in its last line, as JSON; what it says goes to ``out`` and ``err`` in a folder.

        Raises:
            AssertionError: The code raised, or ended otherwise than well.
        """
        done = self._forked(("-c", code, *arguments), folder, environment, "")
        assert done.returncode == 0, (done.returncode, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])

    def _forked(
        self, arguments: tuple[str, ...], folder: Path, environment: dict[str, str], told: str
    ) -> subprocess.CompletedProcess[str]:
        assert self._process.stdin
        assert self._process.stdout
        (folder / "in").write_text(told, encoding="utf-8")
        asked = {"arguments": arguments, "folder": str(folder), "environment": environment}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        ended = next((line for line in self._process.stdout if line.strip().removeprefix("-").isdigit()), "nothing")
        out, err = ((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess(arguments, int(ended), out, err)

    def end(self) -> None:
        """End the process; no fork of it is running."""
        self._process.communicate()
