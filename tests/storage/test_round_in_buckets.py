"""A whole round whose data, packages and keys lie in buckets: the same papers, and as little left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from buckets import S3
from journey import STAGES, Journey, holds_canary, produce, put_export, small_chunks
from mailround.close_round import report_path
from mailround.context import RoundContext
from mailround.kept_templates import KEPT, read_templates
from mailround.package_check import MANIFEST
from mailround.private_files import read, sha256
from mailround.register.entries import RoundClosed, Sealed, latest
from mailround.register.store import Register
from mailround.seal import package_path
from mailround.settings import Settings
from mailround.workspace import Workspace
from prepared import make_signing_key
from printing import ROUND
from wards import opened_in, ward_in

HOUSEHOLDS = 30
KEY = Workspace.new_key()


@pytest.fixture(scope="module", autouse=True)
def same_key() -> Iterator[None]:
    """Give every round here the same key: piece ids follow from it, and they are printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workspace, "new_key", staticmethod(lambda: KEY))
        yield


def on_its_way(ward: Settings, folder: Path) -> Journey:
    ward = small_chunks(ward, folder, 10).model_copy(update={"check_processes": 1})
    ward.inbox.mkdir(mode=0o700)
    Register(ward.register_url).migrate()
    work = opened_in(ward)
    make_signing_key(work)
    put_export(work, HOUSEHOLDS)
    return Journey(ward, work.round_id, repeats=False, households=HOUSEHOLDS)


def papers(work: RoundContext) -> tuple[dict[str, str], bytes]:
    """Return the SHA-256 of every PDF, and the manifest."""
    workspace = work.workspace
    pdfs = {name: hashlib.sha256(workspace.read(name)).hexdigest() for name in workspace.names("print")}
    return pdfs, read(package_path(work.settings, work.round_id).with_name(MANIFEST))


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], bytes]:
    """What the same export becomes in folders."""
    folder = tmp_path_factory.mktemp("local")
    journey = on_its_way(ward_in(folder), folder)
    produce(journey)
    return papers(journey.work)


@pytest.mark.parametrize("where", ["vault in another bucket", "vault on this machine and a bucket with versions"])
def test_a_round_in_buckets_makes_the_same_papers_and_leaves_as_little(
    s3: S3, tmp_path: Path, on_one_machine: tuple[dict[str, str], bytes], where: str
) -> None:
    payload, keys = s3.bucket(versioned="versions" in where), s3.bucket()
    places = {"data": f"s3://{payload}/data", "outbox": f"s3://{payload}/outbox"}
    if "another bucket" in where:
        places["vault"] = f"s3://{keys}/rounds"
    journey = on_its_way(s3.ward(tmp_path, **places), tmp_path)
    made = produce(journey)
    assert papers(journey.work) == on_one_machine
    assert made.sealed.sha256 == sha256(package_path(journey.settings, ROUND))
    assert len(on_one_machine[0]) == made.groups[-1].last > 1
    for bucket in (payload, keys):
        assert not [key for key, content in s3.versions(bucket) if holds_canary(content + key.encode())]
    assert bool(s3.versions(keys)) == ("another bucket" in where)

    for step in STAGES.values():
        step(journey, made.sealed)
    evidence = [f"outbox/{ROUND}/evidence/{name}" for name in (f"{ROUND}.json", f"{ROUND}.pdf", KEPT)]
    manifest = f"outbox/{ROUND}/package/{MANIFEST}"
    assert {key for key, _ in s3.versions(payload)} == {manifest, *evidence}
    assert s3.versions(keys) == []
    vault = tmp_path / "vault"
    assert not vault.exists() or not list(vault.iterdir())
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "outbox").exists()
    closed, sealed = latest(journey.work.entries, RoundClosed), latest(journey.work.entries, Sealed)
    assert closed is not None
    assert sealed is not None
    assert closed.report_sha256 == sha256(report_path(journey.settings, ROUND))
    assert read_templates(journey.settings, ROUND, journey.work.opened.templates_sha256) is not None
    assert not [text for text in journey.told if s3.url in text or holds_canary(text.encode())]
