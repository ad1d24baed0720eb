"""The manifest (目録) of a round's package as a file: names, sizes, counts and hashes, and no personal data."""

from __future__ import annotations

from mailround.console.round import entries_of
from mailround.console.visit import Answer, File, NotFoundError, Visit
from mailround.package_check import MANIFEST
from mailround.private_files import read
from mailround.seal import package_path


def show(visit: Visit) -> Answer:
    """Return the file.

    Raises:
        NotFoundError: There is no such round, or it has no manifest.
    """
    round_id = visit.asked["round_id"]
    entries_of(visit, round_id)
    path = package_path(visit.settings, round_id).with_name(MANIFEST)
    if not path.is_file():
        raise NotFoundError("この回の目録はありません。", "封緘が終わっているか、回のページで確かめてください。")
    return File(read(path), "application/json", f"manifest-{round_id}.json")
