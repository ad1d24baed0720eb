"""The bundles of a sealed round, as `seal` left them beside the package: names and counts, nobody's address."""

from __future__ import annotations

import csv
import hashlib
import io

from mailround.errors import PackageError
from mailround.package_check import BUNDLES, MANIFEST, BundleRow, Manifest
from mailround.private_files import read
from mailround.seal import package_path
from mailround.settings import Settings


def sealed_bundles(settings: Settings, round_id: str) -> tuple[BundleRow, ...]:
    """Return the bundles in print order; none before the sealing, after the purge, or of an earlier version's round.

    Raises:
        PackageError: What lies there is not what the manifest beside it says.
    """
    path = package_path(settings, round_id)
    try:
        content, manifest = read(path.with_name(BUNDLES)), read(path.with_name(MANIFEST))
    except FileNotFoundError:
        return ()
    told = next((each for each in Manifest.model_validate_json(manifest).members if each.name == BUNDLES), None)
    if told is None or told.sha256 != hashlib.sha256(content).hexdigest():
        raise PackageError(
            "パッケージの隣の束の一覧（bundles.csv）が、目録と一致しません。",
            "承認の前なら「08 封緘（暗号化）」からやり直し、承認の後ならシステム担当へ連絡してください。",
        )
    _, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    return tuple(
        BundleRow(bundle, int(first), int(last), int(pieces), int(pages), office, files)
        for bundle, first, last, pieces, pages, office, files in rows
    )
