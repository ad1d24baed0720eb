"""`make sbom`: what an installation is made of, from the lock and the installed packages' own metadata.

Writes sbom.json (CycloneDX; every package with its licence, its hashes and who needs it) and licences.md beside this
file. Nothing in them depends on the machine, the day or chance. Refuses a package that states no licence, or a copyleft
one that nobody has looked at (licences.yaml).
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import yaml
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LOCK = ROOT / "requirements.txt"
SBOM, LICENCES, DECIDED = HERE / "sbom.json", HERE / "licences.md", HERE / "licences.yaml"
_PIN = re.compile(r"^([a-z0-9._-]+)==(\S+) \\\n((?:    --hash=.*\n)+)((?:    # .*\n|    #   .*\n)*)", re.MULTILINE)
_COPYLEFT = re.compile(r"GPL|General Public|MPL|Mozilla|EPL|CDDL|EUPL|SSPL|BUSL")


_LONGEST_NAME = 40
"""Characters: what is longer is the text of a licence, not its name."""


class UndecidedError(Exception):
    """Packages whose licence nobody has looked at."""


@dataclass(frozen=True, slots=True)
class Locked:
    """A package of the lock: ``hashes`` are SHA-256 in hexadecimal, ``needed_by`` packages; ``direct`` is ours."""

    name: str
    version: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]
    direct: bool


def read_lock(text: str) -> list[Locked]:
    """Read what uv has written."""
    found = []
    for name, version, hashes, via in _PIN.findall(text):
        names = re.findall(r"[\w.-]+(?= *$)", re.sub(r"# via", "#", via), re.MULTILINE)
        found.append(
            Locked(
                name,
                version,
                tuple(re.findall(r"sha256:([0-9a-f]{64})", hashes)),
                tuple(each for each in names if not each.endswith(".in")),
                "requirements.in" in via,
            )
        )
    return found


def stated(name: str) -> str:
    """Return what an installed package says of its licence, or an empty text; long texts are told by their classifiers.

    Raises:
        PackageNotFoundError: It is not installed.
    """
    told = metadata(name)
    if expression := told.get("License-Expression"):
        return str(expression)
    kinds = [each.rpartition(" :: ")[2] for each in told.get_all("Classifier", []) if each.startswith("License :: ")]
    text = str(told.get("License") or "")
    if kinds and (len(kinds) > 1 or "\n" in text or len(text) > _LONGEST_NAME or text in {"", "UNKNOWN"}):
        return "; ".join(kinds)
    return text if text != "UNKNOWN" else ""


def licences(packages: list[Locked], decided: dict[str, Any]) -> dict[str, str]:
    """Return each package's licence.

    Raises:
        UndecidedError: One states none, or a copyleft one, and ``decided`` does not have it; or has one too many.
    """
    found = {each.name: stated(each.name) or str(decided["unstated"].get(each.name, "")) for each in packages}
    open_ones = {
        name
        for name, licence in found.items()
        if not licence or (_COPYLEFT.search(licence) and name not in decided["copyleft"])
    }
    stale = {name for name in decided["copyleft"] if not _COPYLEFT.search(found.get(name, ""))}
    stale |= {name for name in decided["unstated"] if name not in found or stated(name)}
    if open_ones or stale:
        raise UndecidedError(
            f"ライセンスを確かめていないパッケージ：{'、'.join(sorted(open_ones)) or 'なし'}／もう要らない記載："
            f"{'、'.join(sorted(stale)) or 'なし'}。licences.yaml を直してください。"
        )
    return found


def bill(packages: list[Locked], found: dict[str, str]) -> str:
    """Return the CycloneDX document; without the serial number and the time, which would differ every time."""
    factory = LicenseFactory()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ours = Component(
        name=project["name"], version=project["version"], type=ComponentType.APPLICATION, bom_ref="mailround"
    )
    made = {}
    for each in packages:
        url = PackageURL("pypi", None, each.name, each.version)
        files = [HashType(alg=HashAlgorithm.SHA_256, content=content) for content in each.hashes]
        made[each.name] = Component(
            name=each.name,
            version=each.version,
            type=ComponentType.LIBRARY,
            bom_ref=url.to_string(),
            purl=url,
            licenses=[factory.make_from_string(found[each.name])],
            # A release has many files, each with a hash of its own; the address of all of them is its package URL.
            external_references=[
                ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(url.to_string()), hashes=files)
            ],
        )
    bom = Bom(components=made.values())
    bom.metadata.component = ours
    bom.register_dependency(ours, [made[each.name] for each in packages if each.direct])
    for name, component in made.items():
        bom.register_dependency(component, [made[each.name] for each in packages if name in each.needed_by])
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["serialNumber"], document["metadata"]["timestamp"]
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def page(packages: list[Locked], found: dict[str, str], decided: dict[str, Any]) -> str:
    """Return the page of licences."""
    lines = [
        "# Licences",
        "",
        "Made by `make sbom` from the lock and the packages' metadata; by hand: [licences.yaml](licences.yaml).",
        "Development tools are not part of an installation and are not listed.",
        "",
        "## Looked at one by one",
        "",
        "| package | licence | why it may be used |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {name} | {_cell(found[name])} | {_cell(why)} |" for name, why in sorted(decided["copyleft"].items())]
    lines += [
        f"| {name} | {_cell(what)} | states none in its metadata; read in its licence file |"
        for name, what in sorted(decided["unstated"].items())
    ]
    lines += [
        "",
        "## Debian packages and fonts of the images",
        "",
        "| package | version seen | licence | for |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {each['package']} | {each['version']} | {_cell(each['licence'])} | {_cell(each['for'])} |"
        for each in decided["debian"]
    ]
    lines += [
        "",
        "## Python packages",
        "",
        f"{len(packages)} packages.",
        "",
        "| package | version | licence, as stated |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {each.name} | {each.version} | {_cell(found[each.name])} |" for each in packages]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> int:
    """Write both files; 1 when a licence is undecided."""
    packages = read_lock(LOCK.read_text(encoding="utf-8"))
    decided = yaml.safe_load(DECIDED.read_text(encoding="utf-8"))
    try:
        found = licences(packages, decided)
    except UndecidedError as error:
        print(error)
        return 1
    SBOM.write_text(bill(packages, found), encoding="utf-8")
    LICENCES.write_text(page(packages, found, decided), encoding="utf-8")
    print(f"{len(packages)} 個のパッケージを sbom.json と licences.md に書きました。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
