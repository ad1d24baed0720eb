"""A bucket: what a server may do wrong, what old versions leave, and that no access is told to anybody."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from buckets import KEY, S3, SECRET
from mailround import house
from mailround.bucket import faults
from mailround.doctor import Outcome, Place, examine
from mailround.private_files import delete, destroy, names, opened, read, replacing, size, write_new
from mailround.settings import Location, Settings
from mailround.vault import Vault

ROUND = "2026-11-change"


@contextmanager
def broken(s3: S3, hook: Callable[[dict[str, Any]], str | None]) -> Iterator[None]:
    s3.breaking.append(hook)
    try:
        yield
    finally:
        s3.breaking.remove(hook)


def once(method: str, status: str) -> Callable[[dict[str, Any]], str | None]:
    """Return a hook that answers the first request of a method so."""
    left = [status]
    return lambda environment: left.pop() if left and environment["REQUEST_METHOD"] == method else None


def put(path: Location, content: bytes) -> None:
    with replacing(path) as file:
        file.write(content)


def test_a_write_that_is_repeated_arrives_whole(s3: S3, tmp_path: Path) -> None:
    path = s3.place(tmp_path, f"s3://{s3.bucket()}/data") / "file"
    with broken(s3, once("PUT", "503 Slow Down")):
        put(path, b"x" * 3_000_000)
    assert read(path) == b"x" * 3_000_000


def test_a_first_write_whose_answer_is_lost_is_the_writers_own(s3: S3, tmp_path: Path) -> None:
    path = s3.place(tmp_path, f"s3://{s3.bucket()}/data") / "file"
    with broken(s3, once("PUT", "done, but 500 Lost")):
        write_new(path, b"first")
    with pytest.raises(FileExistsError):
        write_new(path, b"second")
    assert read(path) == b"first"


def test_a_file_is_written_in_one_request_and_never_in_parts(s3: S3, tmp_path: Path) -> None:
    asked: list[str] = []
    path = s3.place(tmp_path, f"s3://{s3.bucket()}/data") / "file"
    with broken(s3, lambda environment: asked.append(environment["REQUEST_METHOD"])):
        put(path, b"x" * 9_000_000)
    assert asked == ["PUT"]


def test_one_file_is_fetched_once_however_much_is_sought_in_it(s3: S3, tmp_path: Path) -> None:
    path = s3.place(tmp_path, f"s3://{s3.bucket()}/data") / "file"
    put(path, b"x" * 1_000_000)
    asked: list[str] = []
    with broken(s3, lambda environment: asked.append(environment["REQUEST_METHOD"])), opened(path) as file:
        for place in range(0, 1_000_000, 10_000):
            file.seek(1_000_000 - place)
            file.read(10)
    assert asked == ["HEAD", "GET"]


def test_a_file_that_is_replaced_while_it_is_fetched_is_never_a_mixture(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    path = s3.place(tmp_path, f"s3://{bucket}/data") / "file"
    put(path, b"a" * 20_000_000)
    ranges: list[str] = []

    def replace_before_the_second(environment: dict[str, Any]) -> None:
        if "HTTP_RANGE" in environment:
            ranges.append(environment["HTTP_RANGE"])
            if len(ranges) == 2:
                environment["HTTP_IF_MATCH"] = '"another"'  # as if the object were another by now

    with broken(s3, replace_before_the_second), pytest.raises(OSError):  # noqa: PT011 - the next try reads the new one
        opened(path)
    assert len(ranges) == 2


def test_deletion_leaves_no_version_of_what_there_was(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket(versioned=True)
    root = s3.place(tmp_path, f"s3://{bucket}/data")
    for content in (b"one", b"two"):
        put(root / ROUND / "plan.age", content)
    s3.client.delete_object(Bucket=bucket, Key=f"data/{ROUND}/plan.age")
    put(root / "2026-11-other" / "plan.age", b"three")
    assert size(root / ROUND / "plan.age") is None
    assert list(names(root / ROUND)) == ["plan.age"], "what is left of it is found"
    assert delete(root / ROUND) == 1
    assert s3.versions(bucket) == [("data/2026-11-other/plan.age", b"three")]


def test_many_versions_are_listed_and_deleted_page_by_page(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket(versioned=True)
    root = s3.place(tmp_path, f"s3://{bucket}/data")
    for name in "abc":
        for content in (b"one", b"two"):
            put(root / name, content)

    def small_pages(environment: dict[str, Any]) -> None:
        if "versions" in environment["QUERY_STRING"]:
            environment["QUERY_STRING"] += "&max-keys=1"

    with broken(s3, small_pages):
        assert list(names(root)) == ["a", "b", "c"]
        assert delete(root) == 3
    assert s3.versions(bucket) == []


def test_a_key_that_is_destroyed_has_no_version_left(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket(versioned=True)
    vault = Vault(s3.place(tmp_path, f"s3://{bucket}/rounds"), tmp_path / "identity")
    vault.keep(ROUND, "round-key", b"secret")
    s3.client.delete_object(Bucket=bucket, Key=f"rounds/{ROUND}/round-key")  # so it is not destroyed
    assert not vault.destroy(ROUND, "round-key")
    assert s3.versions(bucket) == []


def test_what_the_server_does_not_delete_is_told(s3: S3, tmp_path: Path) -> None:
    path = s3.place(tmp_path, f"s3://{s3.bucket()}/data") / "file"
    put(path, b"kept")
    with broken(s3, once("POST", "200 Refused")), pytest.raises(PermissionError, match=r"1 versions .* AccessDenied"):
        destroy(path)
    assert read(path) == b"kept"
    destroy(path)
    assert size(path) is None


def test_a_good_bucket_has_no_faults_and_is_left_empty(s3: S3, tmp_path: Path) -> None:
    bucket = s3.bucket()
    assert faults(s3.ward(tmp_path, data=f"s3://{bucket}/data").data) == ()
    assert s3.versions(bucket) == []


def everybody_may_read(s3: S3, bucket: str) -> None:
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))


def without_conditions(environment: dict[str, Any]) -> None:
    environment.pop("HTTP_IF_NONE_MATCH", None)


def no_policy_status(environment: dict[str, Any]) -> str | None:
    return "501 Not Implemented" if "policyStatus" in environment["QUERY_STRING"] else None


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda s3, bucket: s3.client.put_bucket_acl(Bucket=bucket, ACL="public-read"), ["誰でも開ける"]),
        (everybody_may_read, ["誰でも開ける"]),
        (
            lambda s3, bucket: s3.client.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
            ),
            ["版管理"],
        ),
        (lambda s3, bucket: s3.client.delete_bucket(Bucket=bucket), ["読み書きや設定の確認ができない（NoSuchBucket）"]),
    ],
    ids=["acl", "policy", "versions", "gone"],
)
def test_an_unfit_bucket_is_told(s3: S3, tmp_path: Path, fault: Callable[[S3, str], object], told: list[str]) -> None:
    bucket = s3.bucket()
    fault(s3, bucket)
    found = faults(s3.ward(tmp_path, data=f"s3://{bucket}/data").data)
    assert len(found) == len(told)
    assert all(part in each for part, each in zip(told, found, strict=True))


def test_a_server_that_knows_no_condition_is_told(s3: S3, tmp_path: Path) -> None:
    place = s3.place(tmp_path, f"s3://{s3.bucket()}/data")
    with broken(s3, without_conditions):
        (told,) = faults(place)
    assert "If-None-Match" in told


def test_a_server_that_cannot_tell_who_may_read_is_no_fault(s3: S3, tmp_path: Path) -> None:
    place = s3.place(tmp_path, f"s3://{s3.bucket()}/data")
    with broken(s3, no_policy_status):
        assert faults(place) == ()


def test_no_access_is_told_by_what_fails(s3: S3, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    place = s3.place(tmp_path, f"s3://{s3.bucket()}/data")
    said = [repr(place), str(place), repr(Vault(place, tmp_path / "identity").root)]
    away = s3.ward(tmp_path, data="s3://nobody-has-this/data").data
    with broken(s3, lambda _: "403 Forbidden"):
        for use in (lambda: put(place / "file", b"x"), lambda: read(place / "file"), lambda: opened(away / "file")):
            with pytest.raises(OSError) as caught:  # noqa: PT011 - whatever it is
                use()
            said += traceback.format_exception(caught.value)
        said += faults(place)
    assert "読み書きや設定の確認ができない" in said[-1]
    assert not [each for each in (*said, caplog.text) if SECRET in each or KEY in each]


def test_the_place_of_a_bucket_is_its_server_and_its_name(s3: S3, tmp_path: Path) -> None:
    ward = s3.ward(tmp_path, data="s3://ward-data/data", vault="s3://ward-keys/rounds", outbox="s3://ward-data/outbox")
    places: list[Place] = [house._place(each) for each in (ward.data, ward.outbox, ward.vault)]
    data, outbox, vault = places
    assert data.device == outbox.device != vault.device
    assert data.mode is None
    assert not data.path.is_relative_to(outbox.path)
    assert not data.path.is_absolute()


def test_the_doctor_looks_at_every_place_that_is_in_a_bucket(
    s3: S3, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured = {"sql_alchemy_conn": "airflow-db-not-allowed:///"}  # as in a task
    monkeypatch.setattr(house, "_configured", lambda _, key: configured.get(key, ""))
    monkeypatch.setattr(house, "_has_mail", lambda: True)
    payload, keys = s3.bucket(), s3.bucket(versioned=True)
    places = {"data": f"s3://{payload}/data", "outbox": f"s3://{payload}/outbox", "vault": f"s3://{keys}/rounds"}
    facts = house.find_facts(s3.ward(tmp_path, **places))
    assert facts.servers == dict.fromkeys((f"MAILROUND_{name.upper()} のS3" for name in places), s3.url)
    assert {name: len(told) for name, told in facts.buckets.items()} == {
        "MAILROUND_DATA": 0,
        "MAILROUND_OUTBOX": 0,
        "MAILROUND_VAULT": 1,
    }
    assert facts.free.keys() == {"MAILROUND_INBOX"}
    told = {each.row.id: each for each in examine(facts)}
    assert told["bucket_wire"].outcome == told["buckets"].outcome == Outcome.BAD
    assert "MAILROUND_VAULT（版管理" in told["buckets"].reason
    assert told["vault_apart"].outcome == told["folders"].outcome == Outcome.GOOD
