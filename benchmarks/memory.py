"""The peak of this process's memory."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mib() -> float:
    """Return the most memory this process has had resident, in MiB.

    From /proc and not from ``getrusage``, which also counts what the parent had resident when it started this process.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    match = re.search(r"^VmHWM:\s+([0-9]+) kB$", status, re.MULTILINE)
    if match is None:
        raise OSError("/proc/self/status has no VmHWM")
    return int(match[1]) / 1024
