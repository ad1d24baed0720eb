"""Code that needs Airflow, in processes forked from one that has imported it: importing takes seconds each time.

A fork knows nothing of what the forks before it did, and has the environment that it is given.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

IMPORTED = """
import gc, json, os, sys
import airflow.dag_processing.dagbag, airflow.providers.smtp.hooks.smtp, airflow.sdk.execution_time.supervisor
import mailround.incident_forms, mailround.incident_notices, mailround.operators, mailround.proof, mailround.purge
import mailround.retention, mailround.returned_mail, mailround.tasks, mailround.withdrawal

gc.freeze()  # or the first collection of every fork copies all of it
for line in sys.stdin:
    asked = json.loads(line)
    if not (child := os.fork()):
        os.environ.clear()
        os.environ.update(asked["environment"])
        for number, name in enumerate(("out", "err"), 1):
            os.dup2(os.open(os.path.join(asked["folder"], name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["-c", *asked["arguments"]]
        exec(asked["code"], {"__name__": "__main__"})
        sys.stdout.flush()
        os._exit(0)  # taking down what the parent has imported takes as long as importing it
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

    def run(self, code: str, *arguments: str, folder: Path, environment: dict[str, str]) -> Any:
        """Return what the code prints in its last line, as JSON; what it says goes to ``out`` and ``err`` in a folder.

        Raises:
            AssertionError: The code raised, or ended otherwise than well.
        """
        assert self._process.stdin
        assert self._process.stdout
        asked = {"code": code, "arguments": arguments, "folder": str(folder), "environment": environment}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        ended = next((line for line in self._process.stdout if line.strip().removeprefix("-").isdigit()), "nothing")
        assert ended == "0\n", (ended, (folder / "err").read_text(encoding="utf-8"))
        return json.loads((folder / "out").read_text(encoding="utf-8").splitlines()[-1])

    def end(self) -> None:
        """End the process; no fork of it is running."""
        self._process.communicate()
