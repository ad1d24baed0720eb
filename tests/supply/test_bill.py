"""The bill of materials and the page of licences are what the lock says, and an undecided licence is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import bill

ROOT = Path(__file__).resolve().parents[2]
SBOM = bill.SBOM.read_text(encoding="utf-8")
PAGE = bill.LICENCES.read_text(encoding="utf-8")
NEW = "`make sbom` writes both anew"


@pytest.fixture(scope="module")
def packages() -> list[bill.Locked]:
    return bill.read_lock((ROOT / "requirements.txt").read_text(encoding="utf-8"))


@pytest.fixture
def decided() -> Any:
    return yaml.safe_load(bill.DECIDED.read_text(encoding="utf-8"))


def test_a_lock_is_read_with_hashes_and_with_who_needs_what() -> None:
    one, two = "1" * 64, "2" * 64
    text = (
        "# made by a program\n"
        f"anyio==4.1 \\\n    --hash=sha256:{one} \\\n    --hash=sha256:{two}\n"
        "    # via\n    #   -r requirements.in\n    #   httpx\n"
        f"h11==0.16.0 \\\n    --hash=sha256:{one}\n    # via httpcore\n"
        f"httpx==0.28 \\\n    --hash=sha256:{two}\n    # via -r requirements.in\n"
    )
    assert bill.read_lock(text) == [
        bill.Locked("anyio", "4.1", (one, two), ("httpx",), True),
        bill.Locked("h11", "0.16.0", (one,), ("httpcore",), False),
        bill.Locked("httpx", "0.28", (two,), (), True),
    ]


def test_both_files_are_what_the_lock_and_the_installed_packages_say(packages: list[bill.Locked], decided: Any) -> None:
    found = bill.licences(packages, decided)
    assert bill.bill(packages, found) == SBOM, NEW
    assert bill.page(packages, found, decided) == PAGE, NEW


def test_the_bill_holds_every_line_of_the_lock() -> None:
    """Counted without the program's own reading."""
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    pinned = [line.split(" ")[0] for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    components = json.loads(SBOM)["components"]
    for each in components:
        urls = {each["purl"], each["bom-ref"], each["externalReferences"][0]["url"]}
        assert urls == {f"pkg:pypi/{each['name']}@{each['version']}"}
    assert sorted(f"{each['name']}=={each['version']}" for each in components) == sorted(pinned), NEW
    hashes = [one["content"] for each in components for one in each["externalReferences"][0]["hashes"]]
    assert sorted(hashes) == sorted(re.findall("sha256:([0-9a-f]+)", lock)), NEW
    assert all(each["licenses"] for each in components)


def test_the_bill_is_valid_and_tells_nothing_of_machine_or_moment() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(SBOM) is None
    assert re.findall(r"\w+://[^\"]*", SBOM) == ["http://cyclonedx.org/schema/bom-1.6.schema.json"]
    assert '"/' not in SBOM
    assert not {"serialNumber", "timestamp"} & (set(json.loads(SBOM)) | set(json.loads(SBOM)["metadata"]))


def test_every_package_but_ours_is_needed_by_somebody() -> None:
    edges = {each["ref"]: each.get("dependsOn", []) for each in json.loads(SBOM)["dependencies"]}
    reached, left = set(), ["mailround"]
    while left:
        if (each := left.pop()) not in reached:
            reached.add(each)
            left += edges[each]
    assert reached == {"mailround"} | {each["bom-ref"] for each in json.loads(SBOM)["components"]}


def test_every_debian_package_of_the_images_has_a_licence(decided: Any) -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"install -y --no-install-recommends ([^&\n]+)", text)
    assert {name for line in lines for name in line.split()} == {each["package"] for each in decided["debian"]}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda decided: decided["copyleft"].pop("pycdlib"), "pycdlib"),
        (lambda decided: decided["unstated"].pop("pyrage"), "pyrage"),
        (lambda decided: decided["copyleft"].update(rich="no longer"), "rich"),
        (lambda decided: decided["unstated"].update(gone="MIT"), "gone"),
    ],
    ids=["copyleft", "unstated", "copyleft-no-more", "not-there"],
)
def test_a_licence_that_nobody_has_looked_at_is_refused(
    packages: list[bill.Locked], decided: Any, change: Any, named: str
) -> None:
    change(decided)
    with pytest.raises(bill.UndecidedError, match=named):
        bill.licences(packages, decided)
