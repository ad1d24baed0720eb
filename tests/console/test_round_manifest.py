"""The manifest to take along."""

from __future__ import annotations

from served import Served

from mailround.register.store import Register
from mailround.seal import package_path


def test_the_manifest_is_given_where_there_is_one(served: Served, rounds: Register) -> None:
    assert served.get("auditor", "/rounds/2026-11-change/manifest").status_code == 404
    path = package_path(served.ward, "2026-11-change").with_name("manifest.json")
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"members": []}')
    assert served.get("auditor", "/rounds/2026-11-change/manifest").content == b'{"members": []}'
    assert "目録（JSON）" in served.get("auditor", "/rounds/2026-11-change").text


def test_no_path_leads_out_of_a_round(served: Served, rounds: Register) -> None:
    for typed in ("..%2f..%2fvault", "%2e%2e", "2026-11-none"):
        assert served.get("auditor", f"/rounds/{typed}/manifest").status_code == 404
