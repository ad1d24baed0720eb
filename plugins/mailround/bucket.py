"""Objects of an S3 bucket as files: written whole or not at all, read as one version, erased with every older one.

A path is a name and the access to it; no connection hangs on it. There is one to a process: none survives a fork.

What the server refuses is an ``OSError``: ``FileNotFoundError``, ``PermissionError`` or another.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from typing import Any, BinaryIO

import fsspec
from upath import UPath

_BLOCK = 8 * 2**20
"""Bytes that are asked for at once."""
_AT_ONCE = 1000
"""Objects that S3 erases in one request at most."""
_EVERYBODY = ("/groups/global/AllUsers", "/groups/global/AuthenticatedUsers")
_NOT_TOLD = {"NoSuchBucketPolicy", "NotImplemented", "501", "MethodNotAllowed", "405"}
"""There is no policy, or the server knows none; the codes in words are the body's, in numbers those without a body."""


def put(path: UPath, file: BinaryIO) -> None:
    """Write a file's whole content in one request, which the server carries out whole or not at all.

    Not in parts: a writer that is killed between them would leave those sent, unseen and for ever. S3 takes 5 GiB.
    """
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    # With its length, lest a request that is repeated from the file's end pass for an empty one.
    _call(path, "put_object", Key=_key(path), Body=file, ContentLength=length)


def put_new(path: UPath, content: bytes) -> None:
    """Write an object that is not there yet.

    Raises:
        FileExistsError: It is there, with another content.
    """
    try:
        _call(path, "put_object", Key=_key(path), Body=content, IfNoneMatch="*")
    except OSError as error:
        if _code(error) != "PreconditionFailed":
            raise
        if read(path) != content:  # else the answer to our own first try was lost on the way
            raise FileExistsError(str(path)) from None


def read(path: UPath) -> bytes:
    """Return the content."""
    return bytes(_server(path).cat_file(path.path))


def fetch(path: UPath, target: BinaryIO) -> None:
    """Copy the content into a file; of one version: when another takes its place meanwhile, it fails."""
    with _server(path).open(path.path, "rb", block_size=_BLOCK, cache_type="none") as source:
        shutil.copyfileobj(source, target, _BLOCK)


def size(path: UPath) -> int | None:
    """Return how many bytes an object has, None where there is none."""
    try:
        return int(_call(path, "head_object", Key=_key(path))["ContentLength"])
    except FileNotFoundError:
        return None


def keys(path: UPath) -> Iterator[str]:
    """Yield what follows the folder in the key of each object below it, also where only old versions are left."""
    folder = f"{own}/" if (own := _key(path)) else ""
    last = None
    for key, _ in _versions(path, folder):
        if key != last:
            yield key.removeprefix(folder)
        last = key


def erase(path: UPath) -> int:
    """Erase an object, or all below a folder, with every version; return how many objects there were.

    Raises:
        OSError: The server did not erase all of it.
    """
    own = _key(path)
    found = [each for each in _versions(path, own) if each[0] == own or each[0].startswith(f"{own}/")]
    for start in range(0, len(found), _AT_ONCE):
        doomed = [{"Key": key, "VersionId": version} for key, version in found[start : start + _AT_ONCE]]
        told = _call(path, "delete_objects", Delete={"Objects": doomed, "Quiet": True})
        if refused := told.get("Errors"):  # s3fs's own deletion does not look
            raise PermissionError(f"{len(refused)} versions in the bucket were not erased: {refused[0].get('Code')}")
    return len({key for key, _ in found})


def faults(path: UPath) -> tuple[str, ...]:
    """Try a bucket out; return in Japanese what makes it unfit to keep anything of a round."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - s3fs loads it, where there is a bucket

    trial = path / f"doctor-{secrets.token_hex(8)}"
    told = []
    try:
        if _call(path, "get_bucket_versioning").get("Status") == "Enabled":
            told.append("版管理（versioning）が有効で、上書きや削除の後も古い版が残る")
        if _is_public(path):
            told.append("誰でも開ける設定である")
        try:
            put_new(trial, b"first")
            try:
                put_new(trial, b"second")
                told.append("同じ名前の二重の書込みを断らない（If-None-Match に対応していない）")
            except FileExistsError:
                pass
            read(trial)
        finally:
            erase(trial)
    except (OSError, BotoCoreError) as error:
        told.append(f"読み書きや設定の確認ができない（{_code(error) or type(error).__name__}）")
    return tuple(told)


def _is_public(path: UPath) -> bool:
    """Tell whether everybody may read, as far as the server can tell."""
    status, acl = (_told(path, method) for method in ("get_bucket_policy_status", "get_bucket_acl"))
    granted = (str(each.get("Grantee", {}).get("URI", "")) for each in acl.get("Grants", ()))
    return bool(status.get("PolicyStatus", {}).get("IsPublic")) or any(each.endswith(_EVERYBODY) for each in granted)


def _told(path: UPath, method: str) -> dict[str, Any]:
    try:
        return _call(path, method)
    except OSError as error:
        if _code(error) in _NOT_TOLD:
            return {}
        raise


def _versions(path: UPath, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield key and version of everything under a prefix, deletion marks too, in the order of the keys."""
    after: dict[str, str] = {}
    while True:
        page = _call(path, "list_object_versions", Prefix=prefix, **after)
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        yield from sorted((each["Key"], each["VersionId"]) for each in found)
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}


def _key(path: UPath) -> str:
    return path.path.partition("/")[2]


def _call(path: UPath, method: str, **asked: object) -> dict[str, Any]:
    return dict(_server(path).call_s3(method, Bucket=path.path.partition("/")[0], **asked))


def _server(path: UPath) -> Any:  # noqa: ANN401 - s3fs has no types
    """Return this process's connection: fsspec keeps one for each process and access."""
    return fsspec.filesystem("s3", **path.storage_options)


def _code(error: BaseException) -> str:
    """Return the server's word for what is wrong."""
    told = getattr(error.__cause__, "response", {})
    return str(told.get("Error", {}).get("Code", ""))
