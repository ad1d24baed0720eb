"""Step 14: once the posting is reconciled, destroy the round key, then the files, then prove that nothing is left.

The plain export in the inbox goes too: left there, it would be the one readable copy of everything just destroyed.

Only the encrypted piece index (piece id → case number) outlives the purge, under a key of its own, because returned
mail (返戻) comes back with nothing but a piece id; `close_round` destroys it too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyrage
from pydantic import TypeAdapter

from mailround.context import INDEX_KEY, PASSWORD, ROUND_KEY, RoundContext
from mailround.errors import CountMismatchError, GateClosedError, VaultError, WorkspaceError
from mailround.extract import CONTROL_SUFFIX
from mailround.kept_templates import KEPT, templates_path
from mailround.package_check import MANIFEST
from mailround.private_files import delete, names, partials, read, replacing, sha256
from mailround.register.entries import Extracted, Posted, PrintPlanned, Purged, RoundClosed, Sealed, latest, standing
from mailround.seal import package_path
from mailround.settings import Location, Settings


@dataclass(frozen=True, slots=True)
class _Case:
    """What the index needs of a household."""

    case_no: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """What the index needs of a piece, and no more: a round planned by an earlier version must be purged too."""

    piece_id: str
    recipient: _Case


_CHUNK = TypeAdapter(tuple[_Piece, ...])
_INDEX = TypeAdapter(dict[str, str])


def index_path(settings: Settings, round_id: str) -> Location:
    """Return where a round's encrypted piece index lies."""
    return settings.data / "index" / f"{round_id}.age"


def read_index(work: RoundContext) -> dict[str, str]:
    """Return piece id → case number, for returned mail.

    Raises:
        VaultError: The index or its key is destroyed, or they do not belong together.
    """
    identity = pyrage.x25519.Identity.from_str(work.vault.open(work.round_id, INDEX_KEY).decode("ascii"))
    try:
        return _INDEX.validate_json(pyrage.decrypt(read(index_path(work.settings, work.round_id)), [identity]))
    except (FileNotFoundError, pyrage.DecryptError):
        raise VaultError(
            f"回「{work.round_id}」の封書索引を開けません（ないか、鍵と合いません）。",
            "索引と鍵庫を触らずに、システム担当へ連絡してください。",
        ) from None


def purge(work: RoundContext, *, at: datetime) -> None:
    """Keep the piece index, destroy the rest, look whether anything is left, and record it.

    A purge that was killed half-way is finished by the next try, whose entry counts the files it still found.

    Args:
        work: The posted round.
        at: The time of the purge.

    Raises:
        GateClosedError: No reconciled posting stands in the register.
        CountMismatchError: The index does not hold every sealed piece; nothing is destroyed.
        VaultError: The key is gone although no index was written.
        WorkspaceError: Something is left; says what.
    """
    entries = work.entries
    if latest(entries, RoundClosed) is not None:
        return
    sealed = latest(entries, Sealed)
    if latest(entries, Posted) is None or sealed is None:
        raise GateClosedError(
            "発送の記録がないため、区側データを廃棄できません。", "先に発送数を照合し、発送を記録してください。"
        )
    # An interrupted purge has no key any more; then the index must be there already.
    if latest(entries, Purged) is None and work.vault.holds(work.round_id, ROUND_KEY):
        _write_index(work)
    indexed = len(read_index(work))
    if indexed != sealed.pieces:
        raise CountMismatchError(
            f"封書索引の件数と封緘した通数が一致しません（{indexed:,}と{sealed.pieces:,}）。",
            "廃棄せずに、システム担当へ連絡してください。",
        )
    files = erase(work)
    remaining = require_only(work, f"data/index/{work.round_id}.age", f"vault/{work.round_id}/{INDEX_KEY}")
    exports = erase_exports(work)  # last, lest the next try after a failure record that there was none
    if latest(entries, Purged) is None:
        work.register.append(
            Purged(files=files, keys=(ROUND_KEY, PASSWORD), remaining=remaining, exports=exports),
            round_id=work.round_id,
            actor="mailround",
            at=at,
        )


def erase(work: RoundContext, *, index: bool = False) -> int:
    """Destroy the round's key and password, then its workspace and package; with ``index`` the piece index too.

    Key first: from that moment on a killed erasure leaves nothing readable. The manifest and the templates hold no
    personal data and stay as evidence.

    Returns:
        How many files were deleted, the vault's not counted.
    """
    settings, round_id = work.settings, work.round_id
    for name in (ROUND_KEY, PASSWORD, *((INDEX_KEY,) if index else ())):
        work.vault.destroy(round_id, name)
    package, piece_index = package_path(settings, round_id).parent, index_path(settings, round_id)
    halves = (*partials(piece_index), *partials(templates_path(settings, round_id)))
    doomed = [settings.data / round_id, *halves, *([piece_index] if index else [])]
    doomed += [package / name for name in {name.partition("/")[0] for name in names(package)} - {MANIFEST}]
    return sum(delete(path) for path in doomed)


def erase_exports(work: RoundContext) -> int:
    """Delete from the inbox every export that this round has read, and the control files that speak of one.

    They are known by their bytes, so that a renamed export and its copies go too, and another that has taken the name
    since stays. What lies outside the inbox, or is linked to from there, is not looked at.

    Returns:
        How many exports were found, their control files not counted.
    """
    read = standing(work.entries, Extracted)
    sizes, digests = {body.bytes for body in read}, {body.sha256 for body in read}
    files = [path for path in work.settings.inbox.rglob("*") if path.is_file() and not path.is_symlink()]
    exports = [path for path in files if path.stat().st_size in sizes and sha256(path) in digests]
    controls = [path for path in files if path.name.endswith(CONTROL_SUFFIX) and _speaks_of(path, digests)]
    for path in (*controls, *exports):
        delete(path)
    return len(exports)


def lost_export(work: RoundContext) -> tuple[str, str] | None:
    """Return subject and body of the mail that says that a purge found no export, None when there is nothing to say."""
    purged = latest(work.entries, Purged)
    if purged is None or purged.exports != 0:
        return None
    lines = (
        f"回：{work.round_id}",
        "内容：廃棄の時に、この回のデータファイル（原本）が受信フォルダに見つかりませんでした。",
        "対応：移動や書き換えをした人に所在を確かめ、写しも含めて削除してください。",
        "受信フォルダの外にあるものは、自動では廃棄されません。",
    )
    return f"確認のお願い：回 {work.round_id}／受信フォルダの原本", "\n".join(lines)


def require_only(work: RoundContext, *allowed: str) -> tuple[str, ...]:
    """Prove that of the round only the allowed files, the manifest, the templates and the evidence report are left.

    Searches data, outbox and vault for every file that carries the round's id in its path, without trusting the paths
    this package writes to; in a bucket also for old versions.

    Returns:
        What is left as ``data/…``, ``outbox/…`` and ``vault/…``, sorted.

    Raises:
        WorkspaceError: Something else is left; says how many and where, not their names, which are not ours.
    """
    settings, round_id = work.settings, work.round_id
    # .md: the report of a round that was closed by an earlier version
    reports = (f"outbox/{round_id}/evidence/{round_id}.{suffix}" for suffix in ("json", "pdf", "md"))
    evidence = (f"outbox/{round_id}/package/{MANIFEST}", f"outbox/{round_id}/evidence/{KEPT}", *reports)
    found = set()
    for title, root in (("data", settings.data), ("outbox", settings.outbox), ("vault", settings.vault)):
        for name in names(root):
            if any(part.lstrip(".").split(".")[0] == round_id for part in name.split("/")):
                found.add(f"{title}/{name}")
    left = Counter(name.split("/")[0] for name in found.difference(allowed, evidence))
    if left:
        listed = "、".join(f"{title} {count}件" for title, count in sorted(left.items()))
        raise WorkspaceError(
            f"廃棄後もこの回のファイルが残っています（{listed}）。",
            "残ったファイルの中身と権限を確認して取り除き、この工程をやり直してください。",
        )
    return tuple(sorted(found))


def _speaks_of(control: Path, digests: Iterable[str]) -> bool:
    content = control.read_bytes()
    return any(digest.encode("ascii") in content for digest in digests)


def _write_index(work: RoundContext) -> None:
    planned = latest(work.entries, PrintPlanned)
    pieces = {
        piece.piece_id: piece.recipient.case_no
        for number in range(1, (planned.chunks if planned else 0) + 1)
        for piece in work.workspace.read_records(f"plan/chunk-{number:03d}", _CHUNK)
    }
    identity = pyrage.x25519.Identity.from_str(work.vault.open(work.round_id, INDEX_KEY).decode("ascii"))
    with replacing(index_path(work.settings, work.round_id)) as file:
        file.write(pyrage.encrypt(_INDEX.dump_json(pieces), [identity.to_public()]))
