"""``speed.py FOLDER write COUNT``: sound records into a workspace; ``speed.py FOLDER check``: what checking them costs.

Checking prints seconds from before the product is imported, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import islice
from pathlib import Path

KEY = "key"


def write(folder: Path, count: int) -> None:
    """Write so many sound records as `extract` leaves them."""
    from sound import Ward

    from mailround.records import write_recipients
    from mailround.workspace import Workspace

    key = Workspace.new_key()
    (folder / KEY).write_bytes(key)
    write_recipients(Workspace(folder / "workspace", key), islice(Ward(seed=count).clean(), count))


def check_all(folder: Path) -> None:
    """Check the records of the workspace, reading them as `check_quality` does."""
    begun = time.perf_counter()
    from check import check

    from mailround.records import read_batches
    from mailround.workspace import Workspace

    found = check(read_batches(Workspace(folder / "workspace", (folder / KEY).read_bytes())))
    seconds = time.perf_counter() - begun
    print(json.dumps({"rows": found.rows, "seconds": seconds}))


if __name__ == "__main__":
    if sys.argv[2] == "write":
        write(Path(sys.argv[1]), int(sys.argv[3]))
    else:
        check_all(Path(sys.argv[1]))
