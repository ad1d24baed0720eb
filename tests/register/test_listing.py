"""The register for people: Japanese titles and labels, and exports that are safe to open and enough to verify."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import stat
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import get_args

import pytest
import rfc8785

from answered import FORMS
from mailround import gates
from mailround.access_signature import AccessSignature
from mailround.errors import RegisterError
from mailround.forms import Form
from mailround.gates import Gate
from mailround.incident_forms import FinalReport, IncidentClosing, PreliminaryReport
from mailround.register.bodies.custody import KEY_DESTRUCTION
from mailround.register.chain import GENESIS
from mailround.register.entries import (
    AnswerRefused,
    AnyBody,
    Body,
    DeletionReminded,
    Extracted,
    GatesEvaluated,
    HoldsShown,
    IncidentStep,
    MediaHandedOver,
    Purged,
    QualityChecked,
    RoundEnded,
)
from mailround.register.listing import COLUMNS, LABELS, content, export, read_export, rows
from mailround.register.store import Register
from mailround.returned_mail import ReturnedMailSettlement
from mailround.settings import REPOSITORY
from mailround.way import WAY
from tampered import stored

TOKYO = timezone(timedelta(hours=9))
AT = datetime(2026, 11, 10, 9, 5, tzinfo=TOKYO)
HANDOVER = MediaHandedOver(
    package_sha256="a" * 64,
    giver="officer",
    receiver="C-001",
    handed_over_at=AT,
    media_no="DVD-0001",
    quantity=1,
    bag_no="BAG-01",
    locked=True,
    storage='=HYPERLINK("http://example.com")',
)


@pytest.fixture
def filled(tmp_path: Path) -> Register:
    register = Register(f"sqlite:///{tmp_path}/register/register.db")
    register.migrate()
    told: Sequence[tuple[AnyBody, str]] = (
        (Extracted(rows=8500, bytes=1, sha256="b" * 64, total_after=None, unknown_headers=0), "mailround"),
        (HANDOVER, "=cmd"),
        (DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 17)), "mailround"),
    )
    for body, actor in told:
        register.append(body, round_id="2026-11-change", actor=actor, at=AT)
    return register


def kinds() -> list[type[Body]]:
    return list(get_args(get_args(AnyBody)[0]))


@pytest.mark.parametrize("kind", kinds())
def test_every_field_of_every_entry_has_a_japanese_name(kind: type[Body]) -> None:
    assert set(kind.model_fields) - {"kind"} <= set(LABELS)


@pytest.mark.parametrize(
    "body",
    [
        Purged(files=3, keys=("round-key",), remaining=(), exports=1),
        RoundEnded(step="approve_release", files=3, exports=1),
    ],
)
def test_what_the_destruction_of_a_key_does_not_prove_is_said_wherever_it_is_listed(body: AnyBody) -> None:
    assert content(body).endswith(f"。（注）{KEY_DESTRUCTION}")
    assert KEY_DESTRUCTION in (REPOSITORY / "docs" / "ja" / "manual.md").read_text(encoding="utf-8")


def test_an_entry_that_needs_no_caution_has_none() -> None:
    assert [kind for kind in kinds() if kind.caution] == [Purged, RoundEnded]


def test_no_label_is_left_over() -> None:
    assert set(LABELS) == {name for kind in kinds() for name in kind.model_fields} - {"kind"}


def test_a_row_reads_as_japanese(filled: Register) -> None:
    first, second, _ = rows(filled.entries())
    assert (first.seq, first.at, first.actor, first.round_id, first.title) == (
        *(1, "2026-11-10 09:05:00", "自動"),
        *("2026-11-change", "データ取込"),
    )
    assert first.content.startswith("件数 8,500、バイト数 1、SHA-256 bbb")
    assert "支給額合計 なし" in first.content
    assert second.actor == "=cmd"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (HANDOVER, "施錠 はい"),
        (HANDOVER.model_copy(update={"locked": False}), "施錠 いいえ"),
        (HANDOVER, "引渡日時 2026-11-10 09:05、"),
        (DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 17)), "消去期限 2026-12-24、通知日 2026-12-17"),
        (AnswerRefused(step="s", reasons=("一つ", "二つ"), answered_at=AT), "理由 一つ・二つ"),
        (AnswerRefused(step="s", reasons=(), answered_at=AT), "理由 なし"),
        (HoldsShown(rows=9, output="xlsx", copy_no=2), "件数 9、出力先 表計算ファイル、何部目 2"),
        (IncidentStep(incident_no=1, step="final", reference="第2号", done_on=date(2026, 12, 3)), "工程 確報、"),
        (AnswerRefused(step="seal", reasons=(), answered_at=AT), "工程 封緘（暗号化）、"),
        (AnswerRefused(step="s", reasons=("少ない。", "違う。"), answered_at=AT), "理由 少ない。違う。回答日時 2026-"),
        (AnswerRefused(step="of_an_earlier_version", reasons=(), answered_at=AT), "工程 of_an_earlier_version、"),
        (
            GatesEvaluated(step="seal", day=date(2026, 11, 10), passed=("two_divisions", "x"), closed=()),
            "満たす前提条件 承認者は別の課・x、満たさない前提条件 なし",
        ),
        (
            QualityChecked(
                export_sha256="e" * 64,
                rows=1,
                printable=1,
                held=0,
                excluded=0,
                warned=0,
                findings={"name": 2, "kana": 1},
            ),
            "指摘 name=2・kana=1",
        ),
    ],
)
def test_values_are_written_for_people(body: AnyBody, words: str) -> None:
    assert words in content(body)


def test_steps_are_called_as_on_the_screen() -> None:
    for step in WAY:
        said = content(AnswerRefused(step=step.task_id, reasons=(), answered_at=AT))
        assert said.startswith(f"工程 {step.title}、")


@pytest.mark.parametrize(
    "form",
    [*FORMS, AccessSignature, FinalReport, IncidentClosing, PreliminaryReport, ReturnedMailSettlement],
    ids=lambda form: form.step,
)
def test_no_step_that_asks_is_called_by_its_name_in_the_program(form: type[Form]) -> None:
    assert form.step not in content(AnswerRefused(step=form.step, reasons=(), answered_at=AT))


def test_no_gate_is_called_by_its_name_in_the_program() -> None:
    rows = [gate for value in vars(gates).values() if isinstance(value, tuple) for gate in value]
    ids = {gate.id for gate in rows if isinstance(gate, Gate)}
    assert len(ids) > 15
    said = content(GatesEvaluated(step="seal", day=date(2026, 11, 10), passed=tuple(ids), closed=()))
    assert not [each for each in ids if each in said]


def test_the_csv_opens_in_a_spreadsheet_without_running_anything(filled: Register, tmp_path: Path) -> None:
    target = tmp_path / "register.csv"
    export(filled.entries(), target)
    raw = target.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    assert tuple(read[0]) == COLUMNS
    assert len(read) == 4
    assert {len(row) for row in read} == {len(COLUMNS)}
    assert read[2][2] == "'=cmd"
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_json_lines_are_read_back_as_they_were_stored(filled: Register, tmp_path: Path) -> None:
    target = tmp_path / "register.jsonl"
    export(filled.entries(), target)
    text = target.read_text(encoding="utf-8")
    assert list(read_export(text)) == stored(filled)
    lines = text.splitlines()
    for damaged in ("", "{}", "[]", "null", text.replace('"seq": 2', '"seq": 3'), lines[1], text[:-5]):
        with pytest.raises(RegisterError, match="書き出した控えを使えません"):
            read_export(damaged)


def test_the_json_lines_are_enough_to_verify_the_chain(filled: Register, tmp_path: Path) -> None:
    target = tmp_path / "register.jsonl"
    export(filled.entries(), target)
    previous = GENESIS
    for line in target.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        body = rfc8785.dumps(told.pop("body")).decode("utf-8")
        digest = told.pop("hash")
        assert told["previous"] == previous
        covered = b"mailround/register/entry/1\n" + rfc8785.dumps(told | {"body": body})
        assert hashlib.sha256(covered).hexdigest() == digest
        previous = digest
    assert previous == filled.verify().head


@pytest.mark.parametrize("name", ["export", "export.xlsx", "export.CSV.txt"])
def test_another_kind_of_file_is_refused(filled: Register, tmp_path: Path, name: str) -> None:
    with pytest.raises(RegisterError, match=r"\.csv"):
        export(filled.entries(), tmp_path / name)
    assert not (tmp_path / name).exists()


def test_times_are_shown_in_tokyo_whatever_zone_they_were_made_in(filled: Register) -> None:
    body = DeletionReminded(due=date(2026, 12, 24), on=date(2026, 12, 18))
    filled.append(body, round_id="2026-11-change", actor="mailround", at=AT.astimezone(UTC))
    assert rows(filled.entries())[-1].at == "2026-11-10 09:05:00"
