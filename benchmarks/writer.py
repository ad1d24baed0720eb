"""What every writer of the comparison shares: a folder with the same notices for all, and a stopwatch.

A writer is a script of its own, run as ``python WRITER.py FOLDER NOTICES``. It draws the first so many notices of the
folder, a file for each 500 as a round does, on one core, and prints its figures as JSON. Getting ready (imports,
reading the notices, opening the font) is not timed; everything that every file costs is, the embedding of its
characters included.

Needs the standard library only: the peers live in a virtual environment without mailround.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from memory import peak_mib

Notice = TypeVar("Notice")

CHUNK = 500
"""Notices of a file."""
PIECES, NOTICES, FONT, ROUND = "pieces.json", "notices.json", "font.ttf", "round.json"
"""Files of the folder: the round's pieces, the same as boxes and texts (``comparison.py``), its font, its dates."""
_POINT = 25.4 / 72


def line_height(box: dict[str, Any], text: str) -> float:
    """Return the height of a line in millimetres, for a peer that has no other way to centre a text in a box's height.

    A text that fits without wrapping, its letters taken for full-width ones, shares the height; all others get the
    box's pitch.
    """
    lines = text.split("\n")
    wraps = max(map(len, lines)) * box["size"] * _POINT > box["w"]
    pitch: float = box["size"] * box["leading"] * _POINT
    return pitch if wraps or box["valign"] == "top" else box["h"] / len(lines)


def measure(prepare: Callable[[Path], tuple[Sequence[Notice], Callable[[Sequence[Notice]], bytes]]]) -> None:
    """Time a writer and keep its files.

    Args:
        prepare: Takes the folder; returns its notices and the function that makes a PDF of some of them.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # Typst would use all cores
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    notices, write = prepare(folder)
    chunks = [notices[first : min(first + CHUNK, count)] for first in range(0, count, CHUNK)]
    begun = time.perf_counter()
    files = [write(chunk) for chunk in chunks]
    seconds = time.perf_counter() - begun
    for number, content in enumerate(files, 1):
        (folder / f"{Path(sys.argv[0]).stem}-{number:03d}.pdf").write_bytes(content)
    print(json.dumps({"seconds": seconds, "notices": count, "bytes": sum(map(len, files)), "peak_mib": peak_mib()}))
