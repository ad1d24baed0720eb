"""What of sealing happens inside libraries and cannot be had for less: on the real members, and nothing of our own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pypdfium2
import pyrage
import pyzipper
from Cryptodome.Cipher import AES
from Cryptodome.Hash import HMAC, SHA1
from Cryptodome.Protocol.KDF import PBKDF2
from Cryptodome.Util import Counter

from mailround.context import PASSWORD, ROUND_KEY
from mailround.seal import package_path

if TYPE_CHECKING:
    from mailround.context import RoundContext

KEY = bytes(32)
ROUNDS_OF_WINZIP = 1000
KEY_MATERIAL = 66


def parts(work: RoundContext) -> dict[str, float]:
    """Return the seconds of every part of sealing the round anew, each done as often as `seal` does it."""
    package = package_path(work.settings, work.round_id)
    with pyzipper.AESZipFile(package) as archive:
        archive.setpassword(work.vault.open(work.round_id, PASSWORD))
        members = {name: archive.read(name) for name in archive.namelist()}
    whole = package.read_bytes()
    identity = pyrage.x25519.Identity.from_str(work.vault.open(work.round_id, ROUND_KEY).decode("ascii"))
    root = work.workspace.root
    printed = [path.read_bytes() for path in sorted(root.glob("print/*.age"))]
    lists = [path.read_bytes() for path in sorted([*root.glob("plan/list-*.age"), *root.glob("pages/*.age")])]
    pdfs = [content for name, content in members.items() if name.endswith(".pdf")]
    contents = list(members.values())
    return dict(
        [
            _timed("age, PDFs", lambda: [pyrage.decrypt(each, [identity]) for each in printed]),
            _timed("age, lists", lambda: [pyrage.decrypt(each, [identity]) for each in lists]),
            *_encryption("write", contents),
            _timed("reopen: SHA-256 of the package", lambda: hashlib.sha256(whole).digest()),
            *_encryption("reopen", contents),
            _timed("reopen: pages", lambda: [_pages(each) for each in pdfs]),
        ]
    )


def _encryption(when: str, contents: list[bytes]) -> Iterator[tuple[str, float]]:
    """Yield what AES-256 of WinZip asks for each member; decrypting is encrypting, and both hash the content."""
    yield _timed(f"{when}: PBKDF2", lambda: [PBKDF2(KEY, KEY[:16], KEY_MATERIAL, ROUNDS_OF_WINZIP) for _ in contents])
    yield _timed(f"{when}: AES-256-CTR", lambda: [_ctr().encrypt(each) for each in contents])
    yield _timed(f"{when}: HMAC-SHA1", lambda: [HMAC.new(KEY, each, SHA1).digest() for each in contents])
    yield _timed(f"{when}: SHA-256 of the members", lambda: [hashlib.sha256(each).digest() for each in contents])


def _ctr() -> AES.CtrMode:
    return AES.new(KEY, AES.MODE_CTR, counter=Counter.new(128, little_endian=True))


def _pages(content: bytes) -> int:
    document = pypdfium2.PdfDocument(content)
    try:
        return len(document)
    finally:
        document.close()


def _timed(name: str, run: Callable[[], object]) -> tuple[str, float]:
    begun = time.perf_counter()
    run()
    return name, time.perf_counter() - begun
