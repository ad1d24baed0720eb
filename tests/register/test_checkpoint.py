"""A checkpoint on paper tells of a cut tail, of a history made anew, and of what was never signed by the ward's key."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailround.errors import RegisterError, VaultError
from mailround.register.chain import Stored
from mailround.register.checkpoint import Checkpoint, check, read, sign
from mailround.register.entries import (
    HOUSE,
    CheckpointKeyMade,
    CheckpointSigned,
    Correction,
    RoundEnded,
    standing,
)
from mailround.register.listing import export, read_export
from mailround.register.signing_key import fingerprint, make_key
from mailround.register.store import Register
from tampered import chained, replace_all, stored

AT = datetime(2026, 11, 10, 9, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint-key"


@pytest.fixture
def kept(register: Register, key: Path) -> Register:
    """A register with a key (1) and four facts (2 to 5)."""
    make_key(register, key, at=AT)
    facts(register, 4)
    return register


def facts(register: Register, count: int, at: datetime = AT) -> None:
    """Append facts that nobody told before."""
    first = len(register.entries())
    for number in range(first, first + count):
        body = RoundEnded(step="seal", files=number)
        register.append(body, round_id="2026-11-change", actor="mailround", at=at)


def made_anew(rows: list[Stored], first: int, change: Callable[[Stored], Stored] | None = None) -> list[Stored]:
    """Forge an entry and make the history anew from it to the end; without a change the entry is left out."""
    new = [change(rows[first - 1]), *rows[first:]] if change else rows[first:]
    return [*rows[: first - 1], *chained(new, rows[first - 2])]


def forged(row: Stored) -> Stored:
    return row._replace(actor="forger")


def test_a_checkpoint_is_recorded_and_holds(kept: Register, key: Path) -> None:
    signed = sign(kept, key, at=AT)
    entry = kept.entries()[-1]
    assert isinstance(entry.body, CheckpointSigned)
    assert (entry.seq, entry.round_id, entry.actor) == (6, HOUSE, "mailround")
    assert (signed.entries, signed.head) == (5, entry.previous)
    assert signed.signed_at == AT.replace(microsecond=0)
    facts(kept, 2)
    checked = check(kept, [read(signed.text)], fingerprints=[signed.fingerprint])
    assert (checked.chain.entries, checked.signed, checked.fingerprints) == (8, 1, (signed.fingerprint,))


def test_the_line_is_short_one_line_and_of_a_qr_codes_own_characters(kept: Register, key: Path) -> None:
    text = sign(kept, key, at=AT).text
    assert len(text) < 260
    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")
    assert text.startswith("MAILROUND-CHECKPOINT-1/5/")
    assert "/2026-11-10T18:00:00+09:00/" in text


def test_a_line_is_read_as_it_is_typed(kept: Register, key: Path) -> None:
    signed = sign(kept, key, at=AT)
    text = signed.text
    for typed in (text, text.lower(), f"  {text}\n", "\n".join(text[n : n + 40] for n in range(0, len(text), 40))):
        assert read(typed) == signed
    wide = "".join(chr(ord(each) + 0xFEE0) for each in text)
    assert read(wide) == signed


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:0],
        lambda text: f"第{text[23]}号",
        lambda text: text[:-1],
        lambda text: text + "A",
        lambda text: text.replace("CHECKPOINT-1", "CHECKPOINT-2"),
        lambda text: text.replace("/5/", "/0/"),
        lambda text: text.replace("/5/", "/05/"),
        lambda text: text.replace("2026-11-10", "2026-11-31"),
        lambda text: text.replace("T18:00:00+09:00", "T09:00:00+00:00"),
        lambda text: text[:-1] + chr(ord(text[-1]) + 1),  # the last symbol's spare bits
    ],
)
def test_what_is_no_checkpoint_is_told_without_repeating_it(
    kept: Register, key: Path, change: Callable[[str], str]
) -> None:
    typed = change(sign(kept, key, at=AT).text)
    with pytest.raises(RegisterError, match="検証点の文を読めません") as refused:
        read(typed)
    assert not typed or typed not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"entries": 4},
        {"head": "0" * 64},
        {"signed_at": AT.replace(microsecond=0) + timedelta(seconds=1)},
        {"signature": "A" * 103},
    ],
)
def test_an_edited_line_is_told(kept: Register, key: Path, change: dict[str, object]) -> None:
    edited = dataclasses.replace(sign(kept, key, at=AT), **change)  # type: ignore[arg-type]
    with pytest.raises(RegisterError, match="文が書き換えられているか、写し間違い"):
        check(kept, [read(edited.text)])


def test_a_checkpoint_of_another_key_is_told(kept: Register, key: Path, tmp_path: Path) -> None:
    other = Register(f"sqlite:///{tmp_path}/other/register.db")
    other.migrate()
    make_key(other, tmp_path / "other-key", at=AT)
    foreign = sign(other, tmp_path / "other-key", at=AT)
    with pytest.raises(RegisterError, match=f"知らない鍵（指紋 {foreign.fingerprint}）"):
        check(kept, [foreign])


def test_a_register_with_another_key_than_the_one_written_down_is_told(kept: Register, key: Path) -> None:
    own = sign(kept, key, at=AT).fingerprint
    assert check(kept, fingerprints=["0" * 32, own]).fingerprints == (own,)
    with pytest.raises(RegisterError, match=f"指紋 {own}）は、控えた指紋の鍵ではありません"):
        check(kept, fingerprints=["0" * 32])


@pytest.mark.parametrize(("left", "first"), [(7, 8), (5, 6), (1, 2)])
def test_a_cut_tail_is_told_with_the_first_missing_number(kept: Register, key: Path, left: int, first: int) -> None:
    facts(kept, 3)
    paper = sign(kept, key, at=AT)
    assert paper.entries == 8
    replace_all(kept, stored(kept)[:left])
    assert kept.verify().entries == left  # the chain alone tells nothing
    with pytest.raises(RegisterError, match=f"末尾が切り取られています：.*第8号まで.*第{first}号から"):
        check(kept, [paper])


def test_a_cut_tail_is_told_with_what_an_earlier_checkpoint_still_proves(kept: Register, key: Path) -> None:
    sign(kept, key, at=AT)
    facts(kept, 3)
    paper = sign(kept, key, at=AT)
    replace_all(kept, stored(kept)[:7])
    with pytest.raises(RegisterError, match="第8号からがありません。署名で確かめられるのは第5号までです"):
        check(kept, [paper])


def test_a_tail_cut_off_and_grown_again_is_told(kept: Register, key: Path) -> None:
    paper = sign(kept, key, at=AT)
    replace_all(kept, stored(kept)[:3])
    facts(kept, 9, AT + timedelta(days=1))
    assert kept.verify().entries == 12
    with pytest.raises(RegisterError, match="第1号から第5号までのどこかが、署名の後に書き換えられています"):
        check(kept, [paper])


@pytest.mark.parametrize("change", [forged, None], ids=["changed", "left out"])
def test_a_history_made_anew_is_told_with_the_numbers_between_which_it_was(
    kept: Register, key: Path, change: Callable[[Stored], Stored] | None
) -> None:
    first = sign(kept, key, at=AT)  # 5 entries, recorded as 6
    facts(kept, 4)  # 7 to 10
    second = sign(kept, key, at=AT)
    facts(kept, 4)
    replace_all(kept, made_anew(stored(kept), 8, change))
    kept.verify()  # the chain alone tells nothing
    told = "第6号から第10号までのどこかが、署名の後に書き換えられています"
    with pytest.raises(RegisterError, match=told):
        check(kept, [first, second])
    with pytest.raises(RegisterError, match=told):
        check(kept)  # the register's own checkpoints tell, unless they were left out too


def test_a_history_made_anew_without_its_checkpoints_is_told_by_the_paper_alone(kept: Register, key: Path) -> None:
    paper = sign(kept, key, at=AT)
    facts(kept, 2)
    rows = [row for row in stored(kept) if row.seq != 6]
    replace_all(kept, made_anew(rows, 3, forged))
    assert check(kept).signed == 0
    with pytest.raises(RegisterError, match="第1号から第5号までのどこかが"):
        check(kept, [paper])


def test_the_first_bad_entry_is_told_exactly_when_nothing_else_lies_between(kept: Register, key: Path) -> None:
    sign(kept, key, at=AT)  # of 5
    paper = sign(kept, key, at=AT + timedelta(hours=1))  # of 6
    replace_all(kept, made_anew(stored(kept), 6, forged))
    with pytest.raises(RegisterError, match="管理簿の第6号が、署名の後に"):
        check(kept, [paper])


@pytest.fixture
def copy(kept: Register, key: Path, tmp_path: Path) -> tuple[tuple[Stored, ...], Checkpoint]:
    """An export of eight entries and a checkpoint of seven."""
    facts(kept, 2)
    paper = sign(kept, key, at=AT)
    export(kept.entries(), tmp_path / "copy.jsonl")
    facts(kept, 3)
    return read_export((tmp_path / "copy.jsonl").read_text(encoding="utf-8")), paper


def test_beside_an_export_of_then_the_first_bad_entry_is_told_exactly(
    kept: Register, copy: tuple[tuple[Stored, ...], Checkpoint]
) -> None:
    rows, paper = copy
    assert check(kept, [paper], export=rows).chain.entries == 11
    whole = stored(kept)
    replace_all(kept, made_anew(whole, 4, forged))
    with pytest.raises(
        RegisterError, match=r"第4号が、署名の後に書き換えられています：書き出した控えは検証点（第7号まで"
    ):
        check(kept, [paper], export=rows)
    replace_all(kept, whole[:5])
    with pytest.raises(RegisterError, match=r"第6号から後がありません：書き出した控えは検証点（第7号まで"):
        check(kept, [paper], export=rows)


def test_an_export_alone_tells_where_they_differ_and_not_which_is_right(
    kept: Register, copy: tuple[tuple[Stored, ...], Checkpoint]
) -> None:
    rows, _ = copy
    replace_all(kept, made_anew(stored(kept)[:5], 4, forged))
    with pytest.raises(RegisterError, match=r"第4号から食い違います。.*どちらが元のままか"):
        check(kept, export=rows)


def test_a_forged_export_is_not_believed(kept: Register, copy: tuple[tuple[Stored, ...], Checkpoint]) -> None:
    rows, paper = copy
    with pytest.raises(RegisterError, match="第3号から食い違います"):
        check(kept, [paper], export=made_anew(list(rows), 3, forged))


def test_a_checkpoint_in_the_register_that_its_key_did_not_sign_is_told_until_it_is_corrected(
    kept: Register, key: Path
) -> None:
    true = sign(kept, key, at=AT)
    body = next(iter(standing(kept.entries(), CheckpointSigned)))
    false = body.model_copy(update={"entries": 2, "head": "0" * 64})
    seq = kept.append(false, round_id=HOUSE, actor="mailround", at=AT).seq
    for use in (lambda: check(kept), lambda: check(kept, [true]), lambda: sign(kept, key, at=AT)):
        with pytest.raises(RegisterError, match=f"第{seq}号（管理簿の検証点）は、この管理簿の鍵によるものでは"):
            use()
    kept.append(Correction(corrects=seq, reason="取消"), round_id=HOUSE, actor="officer", at=AT)
    assert check(kept, [true]).signed == 1


def test_a_checkpoint_that_stands_before_what_it_signed_is_told(kept: Register, key: Path) -> None:
    sign(kept, key, at=AT)
    rows = stored(kept)
    replace_all(kept, [*rows[:2], *chained([rows[5], *rows[2:5]], rows[1])])
    with pytest.raises(RegisterError, match="第1号から第5号までのどこかが"):
        check(kept)


def test_a_second_key_that_no_correction_made_way_for_is_told(kept: Register, key: Path) -> None:
    forger = Ed25519PrivateKey.generate().public_key()
    made = CheckpointKeyMade(public_key=forger.public_bytes_raw().hex(), fingerprint=fingerprint(forger))
    kept.append(made, round_id=HOUSE, actor="mailround", at=AT)
    with pytest.raises(RegisterError, match="第6号（署名鍵の作成）は"):
        check(kept)
    with pytest.raises(VaultError, match="記録した鍵のものではありません"):
        sign(kept, key, at=AT)


def test_papers_of_a_key_that_was_given_up_still_hold(kept: Register, key: Path) -> None:
    old = sign(kept, key, at=AT)
    kept.append(Correction(corrects=1, reason="鍵の交換"), round_id=HOUSE, actor="officer", at=AT)
    key.unlink()
    make_key(kept, key, at=AT)
    new = sign(kept, key, at=AT)
    checked = check(kept, [old, new])
    assert checked.fingerprints == (old.fingerprint, new.fingerprint)
    assert checked.signed == 2


def test_a_damaged_register_is_not_signed(kept: Register, key: Path) -> None:
    rows = stored(kept)
    replace_all(kept, [*rows[:2], forged(rows[2]), *rows[3:]])
    with pytest.raises(RegisterError, match="第3号が書き換えられています"):
        sign(kept, key, at=AT)
    assert len(stored(kept)) == len(rows)
