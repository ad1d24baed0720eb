"""Checkpoints: the register's length and last hash at a moment, signed, on one line for paper and QR code.

The chain alone does not notice that its tail was cut off, or that it was made anew from some entry to its end. A
checkpoint that lies outside of the register does. It proves that the history up to it was changed; which entry is the
first bad one, it tells only between itself and the last checkpoint that still holds, or exactly beside an export of
then (docs/adr/0019).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mailround.errors import RegisterError
from mailround.register.chain import ChainState, Stored
from mailround.register.damage import REMEDY
from mailround.register.entries import HOUSE, CheckpointKeyMade, CheckpointSigned, Correction, Entry
from mailround.register.signing_key import fingerprint, open_key
from mailround.register.store import Register
from mailround.settings import TOKYO

_DOMAIN = b"mailround/register/checkpoint/1\n"
HEAD = "MAILROUND-CHECKPOINT-1"
"""What every checkpoint's line begins with."""

_TEXT = re.compile(
    rf"{HEAD}/([1-9][0-9]{{0,9}})/([0-9A-F]{{64}})/([0-9]{{4}}-[0-9T:+-]{{20}})/([0-9A-F]{{32}})/([A-Z2-7]{{103}})"
)
_COMPARE = "紙の検証点と一文字ずつ見比べてください。写し間違いでなければ、"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first ``entries`` entries, the last with the hash ``head``, signed (base32) by the key of the fingerprint."""

    entries: int
    head: str
    signed_at: datetime
    fingerprint: str
    signature: str

    @property
    def text(self) -> str:
        """Return the line for paper and QR code: capitals, figures and ``-+/:`` alone (QR's alphanumeric mode)."""
        parts = (HEAD, str(self.entries), self.head, self._moment, self.fingerprint, self.signature)
        return "/".join(parts).upper()

    @property
    def signed(self) -> bytes:
        """Return what the signature is over."""
        told = {"head": self.head, "signed_at": self._moment, "fingerprint": self.fingerprint}
        return _DOMAIN + rfc8785.dumps({"entries": self.entries, **told})

    @property
    def _moment(self) -> str:
        return self.signed_at.astimezone(TOKYO).isoformat(timespec="seconds")

    def __str__(self) -> str:
        """Return how people call it."""
        return f"検証点（第{self.entries}号まで、{self.signed_at.astimezone(TOKYO):%Y-%m-%d %H:%M:%S}）"


@dataclass(frozen=True, slots=True)
class Checked:
    """What held: the chain, how many checkpoints the register itself holds, and its keys' fingerprints, oldest first.

    More than one key means that the earlier ones were given up by corrections.
    """

    chain: ChainState
    signed: int
    fingerprints: tuple[str, ...]


def sign(register: Register, key_file: Path, *, at: datetime) -> Checkpoint:
    """Sign the register as it is now, record that, and return the checkpoint. What does not verify is not signed.

    Args:
        register: The register.
        key_file: The private key's file (`signing_key`).
        at: When, timezone-aware.

    Raises:
        RegisterError: Chain or an earlier checkpoint does not hold.
        VaultError: The key is not the one that the register knows.
    """
    key = open_key(register, key_file)
    chain = check(register).chain
    unsigned = Checkpoint(chain.entries, chain.head, at, fingerprint(key.public_key()), signature="")
    signature = base64.b32encode(key.sign(unsigned.signed)).decode("ascii").rstrip("=")
    body = CheckpointSigned(
        entries=chain.entries,
        head=chain.head,
        signed_at=at.astimezone(TOKYO).replace(microsecond=0),
        fingerprint=unsigned.fingerprint,
        signature=signature,
    )
    register.append(body, round_id=HOUSE, actor="mailround", at=at)
    return of(body)


def of(body: CheckpointSigned) -> Checkpoint:
    """Return the checkpoint that an entry records."""
    return Checkpoint(body.entries, body.head, body.signed_at, body.fingerprint, body.signature)


def read(text: str) -> Checkpoint:
    """Read a checkpoint's line, as typed, scanned or broken over several lines.

    Raises:
        RegisterError: It is no such line. Whether it is a true one, `check` tells.
    """
    line = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    if found := _TEXT.fullmatch(line):
        entries, head, moment, name, signature = found.groups()
        try:
            made = Checkpoint(int(entries), head.lower(), datetime.fromisoformat(moment), name.lower(), signature)
            canonical = base64.b32encode(base64.b32decode(f"{signature}=")).decode("ascii").rstrip("=")
        except ValueError:  # a date that does not exist
            made = None
        if made and made.text == line and canonical == signature:
            return made
    raise RegisterError(
        "検証点の文を読めません。",
        f"{HEAD} で始まる一行の全体（改行や空白は入ってもよい）か、それを入れたファイルを指定してください。",
    )


def check(
    register: Register,
    checkpoints: Iterable[Checkpoint] = (),
    *,
    fingerprints: Collection[str] = (),
    export: Sequence[Stored] = (),
    tell: Callable[[int], object] | None = None,
) -> Checked:
    """Verify the chain, every checkpoint that it holds, and those given.

    Args:
        register: The register.
        checkpoints: Read from papers.
        fingerprints: Those of the ward's keys, as written down outside of the register; none when nobody has them.
        export: All entries of an earlier day (`listing.read_export`); tells the first bad entry exactly.
        tell: Called with the number of each entry of the chain that is about to be looked at.

    Raises:
        RegisterError: What does not hold, and the first bad entry as far as it can be told.
    """
    chain = register.verify(tell)
    keys, own = _own(register.entries(HOUSE))
    if fingerprints and (strange := [name for name in keys if name not in fingerprints]):
        raise RegisterError(
            f"管理簿にある署名鍵（指紋 {strange[0]}）は、控えた指紋の鍵ではありません。",
            "控えた指紋を確かめてください。合っていれば、管理簿が差し替えられたおそれがあります。" + REMEDY,
        )
    given = tuple(checkpoints)
    for each in given:
        _require_signature(each, keys)
    ordered = sorted((*own, *given), key=lambda each: each.entries)
    if export:
        _compare(register, chain, export, ordered)
    hashes = register.hashes({each.entries for each in ordered})
    held = 0
    for each in ordered:
        if each.entries > chain.entries:
            surely = f"署名で確かめられるのは第{held}号までです。" if held else ""
            raise RegisterError(
                f"管理簿の末尾が切り取られています：{each}に対して、第{chain.entries + 1}号からがありません。{surely}",
                REMEDY,
            )
        if hashes[each.entries] != each.head:
            upto = f"から第{each.entries}号までのどこか" if held + 1 < each.entries else ""
            raise RegisterError(
                f"管理簿の第{held + 1}号{upto}が、署名の後に書き換えられています：{each}と一致しません。",
                REMEDY + "書き出した控え（.jsonl）があれば、--against で、どの号からかが分かります。",
            )
        held = each.entries
    return Checked(chain, len(own), tuple(keys))


def _own(entries: Iterable[Entry]) -> tuple[dict[str, Ed25519PublicKey], list[Checkpoint]]:
    """Return the register's keys by fingerprint and its checkpoints.

    A key that a correction gave up is still that of what it signed. What was not made by the register's key, a
    correction takes out of the way; until then it stops the verifying.
    """
    listed = tuple(entries)
    corrected = {entry.body.corrects for entry in listed if isinstance(entry.body, Correction)}
    keys: dict[str, Ed25519PublicKey] = {}
    signed: list[Checkpoint] = []
    standing: int | None = None
    for entry in listed:
        good = True
        match entry.body:
            case CheckpointKeyMade() as made:
                key = _public(made)
                good = key is not None and standing is None
                if key and good:
                    keys[made.fingerprint], standing = key, entry.seq
            case CheckpointSigned() as body:
                good = _valid(of(body), keys)
                if good:
                    signed.append(of(body))
            case Correction(corrects=seq) if seq == standing:
                standing = None
            case _:
                pass
        if not good and entry.seq not in corrected:
            raise RegisterError(
                f"管理簿の第{entry.seq}号（{entry.body.title}）は、この管理簿の鍵によるものではありません。", REMEDY
            )
    return keys, signed


def _public(made: CheckpointKeyMade) -> Ed25519PublicKey | None:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(made.public_key))
    except ValueError:
        return None
    return key if fingerprint(key) == made.fingerprint else None


def _valid(checkpoint: Checkpoint, keys: dict[str, Ed25519PublicKey]) -> bool:
    try:
        signature = base64.b32decode(checkpoint.signature + "=")
        keys[checkpoint.fingerprint].verify(signature, checkpoint.signed)
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


def _require_signature(checkpoint: Checkpoint, keys: dict[str, Ed25519PublicKey]) -> None:
    if checkpoint.fingerprint not in keys:
        raise RegisterError(
            f"{checkpoint}は、この管理簿が知らない鍵（指紋 {checkpoint.fingerprint}）で署名されています。",
            f"別の管理簿のものでないかを確かめてください。{_COMPARE}管理簿が差し替えられたおそれがあります。{REMEDY}",
        )
    if not _valid(checkpoint, keys):
        raise RegisterError(
            f"{checkpoint}の文が書き換えられているか、写し間違いがあります（署名と一致しません）。",
            f"{_COMPARE}紙の検証点が偽物です。紙を保全し、システム担当と監査担当へ連絡してください。",
        )


def _compare(
    register: Register, chain: ChainState, export: Sequence[Stored], checkpoints: Sequence[Checkpoint]
) -> None:
    """Compare entry by entry with an export of an earlier day."""
    hashes = register.hashes()
    differing = next((row.seq for row in export if hashes.get(row.seq) != row.hash), None)
    if differing is None:
        return
    proofs = (each for each in checkpoints if differing <= each.entries <= len(export))
    proof = next((each for each in proofs if export[each.entries - 1].hash == each.head), None)
    if proof is None:
        raise RegisterError(
            f"管理簿と書き出した控えが、第{differing}号から食い違います。",
            f"どちらが元のままかは、第{differing}号より後の検証点を --checkpoint で指定すると分かります。" + REMEDY,
        )
    done = "から後がありません" if differing > chain.entries else "が、署名の後に書き換えられています"
    raise RegisterError(f"管理簿の第{differing}号{done}：書き出した控えは{proof}と一致します。", REMEDY)
