"""A round that a person ends leaves nothing behind but the record of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from mailround.context import RoundContext, load_round
from mailround.end_round import end_round
from mailround.errors import GateClosedError, VaultError
from mailround.kept_templates import templates_path
from mailround.model import Recipient
from mailround.register.entries import Extracted, RoundEnded, standing
from mailround.seal import package_path, seal
from prepared import AT, hand_over, print_round, record

Opener = Callable[..., RoundContext]
Maker = Callable[..., Recipient]


def test_nothing_but_the_manifest_and_the_templates_is_left(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient)
    seal(work, at=AT)
    end_round(work, "approve_release", at=AT)
    settings = work.settings
    left = [path for root in (settings.data, settings.outbox, settings.vault) for path in root.rglob("*.*")]
    manifest = package_path(settings, work.round_id).with_name("manifest.json")
    assert sorted(left) == [templates_path(settings, work.round_id), manifest]
    with pytest.raises(VaultError, match="廃棄済み"):
        load_round(settings, work.round_id).workspace  # noqa: B018 - opening it is the question
    [entry] = standing(work.entries, RoundEnded)
    assert (entry.step, entry.files) == ("approve_release", 15)


def test_a_round_ends_before_anything_is_sealed_or_even_read(open_a_round: Opener) -> None:
    work = open_a_round()
    end_round(work, "decide_holds", at=AT)
    assert list(work.settings.vault.rglob("*")) == []
    assert standing(work.entries, RoundEnded) == [RoundEnded(step="decide_holds", files=0, exports=0)]


def test_the_export_goes_with_the_round_whatever_it_is_called_now(open_a_round: Opener) -> None:
    raw = b"the export"
    work = open_a_round(raw)
    digest = hashlib.sha256(raw).hexdigest()
    record(work, Extracted(rows=1, bytes=len(raw), sha256=digest, total_after=0, unknown_headers=0))
    inbox = work.settings.inbox
    (inbox / work.opened.source).rename(inbox / "refused.csv")
    (inbox / "export.csv.control.json").write_text(json.dumps({"sha256": digest}))
    (inbox / "another.csv").write_bytes(b"not it")
    assert end_round(work, "decide_holds", at=AT).exports == 1
    assert [path.name for path in inbox.iterdir()] == ["another.csv"]


def test_the_same_export_put_there_again_for_a_new_round_stays_when_the_end_is_repeated(open_a_round: Opener) -> None:
    raw = b"the export"
    work = open_a_round(raw)
    digest = hashlib.sha256(raw).hexdigest()
    record(work, Extracted(rows=1, bytes=len(raw), sha256=digest, total_after=0, unknown_headers=0))
    ended = end_round(work, "decide_holds", at=AT)
    again = work.settings.inbox / "again.csv"
    again.write_bytes(raw)
    assert end_round(work, "decide_holds", at=AT) == ended
    assert again.read_bytes() == raw
    assert standing(work.entries, RoundEnded) == [ended]


def test_ending_twice_is_one_end(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient)
    end_round(work, "decide_holds", at=AT)
    end_round(work, "decide_holds", at=AT)
    assert len(standing(work.entries, RoundEnded)) == 1


def test_an_end_killed_before_its_record_is_finished_by_the_next(
    open_a_round: Opener, make_recipient: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = open_a_round()
    print_round(work, make_recipient)

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mailround.end_round.require_only", dies)
        with pytest.raises(KeyboardInterrupt):
            end_round(work, "approve_release", at=AT)
    assert standing(work.entries, RoundEnded) == []
    end_round(load_round(work.settings, work.round_id), "approve_release", at=AT)
    assert len(standing(work.entries, RoundEnded)) == 1


def test_a_round_whose_media_left_the_house_cannot_be_ended(open_a_round: Opener, make_recipient: Maker) -> None:
    work = open_a_round()
    print_round(work, make_recipient)
    hand_over(work)
    with pytest.raises(GateClosedError, match="引渡し済み"):
        end_round(work, "approve_release", at=AT)
    assert work.vault.holds(work.round_id, "round-key")
    assert package_path(work.settings, work.round_id).exists()
