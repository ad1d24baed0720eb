"""On what was measured: a figure says nothing without it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def described() -> dict[str, str | int | None]:
    """Return processor, cores and Python of this machine."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
