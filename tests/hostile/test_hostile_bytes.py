"""Whatever is done to the bytes of an export: a message without content, or every record of it counted."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from inputs import AT, CANARY, LAYOUTS, REASON, SETTINGS, changed, export, households, put

from mailround.errors import CountMismatchError, MalformedExportError
from mailround.layouts import Layout
from mailround.quality.assessment import Report
from mailround.render import Press
from mailround.samples import control_file
from mailround.trial import try_export
from mailround.verify import Reader
from printing import ISSUED, ROUND, font_for, number, templates
from reading import Whole, read_export, read_source

_QUOTE, _LF, _CR = b'"\n\r'


def records_of(raw: bytes, layout: Layout) -> int:
    """Count the records behind the header byte by byte, the trailer left out; shares nothing with the reader."""
    delimiter = ord(layout.delimiter)
    records, quoted, at_start, anything = 0, False, True, False
    for each in raw:
        if quoted:
            quoted = each != _QUOTE
            at_start = not quoted  # behind a closing quote another one opens again: it was a doubled one
        elif each == _LF:
            records += 1
            at_start, anything = True, False
            continue
        else:
            quoted = at_start and each == _QUOTE
            at_start = each == delimiter
        anything = anything or each != _CR
    return records + anything - 1 - bool(layout.trailer)


SOUND = {name: export(households(8), layout) for name, layout in LAYOUTS.items()}


def test_the_counting_reader_counts() -> None:
    for name, layout in LAYOUTS.items():
        assert records_of(SOUND[name], layout) == 8
        with_breaks = tuple(changed(each, reason='一"\r\n"\n二') for each in households(3))
        assert records_of(export(with_breaks, layout), layout) == 3
        assert records_of(export((), layout), layout) == 0


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """Insert, delete, double, swap, cut or flip, once to four times."""
    name = draw(st.sampled_from(sorted(LAYOUTS)))
    raw = SOUND[name]
    for _ in range(draw(st.integers(1, 4))):
        size = len(raw)
        begin = draw(st.integers(0, size))
        end = min(size, begin + draw(st.integers(0, draw(st.sampled_from([1, 3, 400])))))
        piece = raw[begin:end]
        match draw(st.sampled_from(["insert", "sign", "delete", "double", "swap", "cut", "flip"])):
            case "insert":
                raw = raw[:begin] + draw(st.binary(max_size=8)) + raw[begin:]
            case "sign":
                sign = draw(st.sampled_from([b'"', b'""', b",", b"\t", b"\r", b"\n", b"\r\n", b"\0", b"\x1a", b"\x81"]))
                raw = raw[:begin] + sign + raw[begin:]
            case "delete":
                raw = raw[:begin] + raw[end:]
            case "double":
                raw = raw[:begin] + piece + piece + raw[end:]
            case "swap":
                raw = raw[:begin] + piece[::-1] + raw[end:]
            case "cut":
                raw = raw[:begin] if size else raw
            case "flip":
                bit = 1 << draw(st.integers(0, 7))
                raw = raw[:begin] + bytes(each ^ bit for each in piece) + raw[end:]
    return name, raw


def read_or_refused(raw: bytes, layout: Layout) -> Whole | MalformedExportError:
    try:
        return read_export(raw, layout, decision=True)
    except MalformedExportError as error:
        return error


@settings(max_examples=400)
@given(damaged())
def test_damage_is_refused_without_content_or_every_record_is_there(case: tuple[str, bytes]) -> None:
    name, raw = case
    found = read_or_refused(raw, LAYOUTS[name])
    if isinstance(found, Whole):
        assert found.rows == records_of(raw, LAYOUTS[name])
        assert [each.record_no for each in found.recipients] == list(range(1, found.rows + 1))
        return
    assert "【対応】" in str(found)
    assert re.search("[ぁ-ん]", found.happened)
    assert CANARY not in str(found)
    assert REASON[:2] not in str(found)
    assert found.__cause__ is found.__context__ is None  # nothing that quotes a field travels with it


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_no_damage_passes_the_control_file_of_the_sound_export(tmp_path: Path, case: tuple[str, bytes]) -> None:
    name, raw = case
    path = put(tmp_path, raw, households(8), agreeing=SOUND[name])
    if raw == SOUND[name]:
        assert read_source(path, LAYOUTS[name], decision=True).totals.rows == 8
    else:
        with pytest.raises(CountMismatchError, match="SHA-256"):
            read_source(path, LAYOUTS[name], decision=True)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_whatever_stands_in_the_control_file_it_is_refused_in_japanese(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path, SOUND["seto"], households(8))
    path.with_name(f"{path.name}.control.json").write_bytes(content)
    with pytest.raises(MalformedExportError, match="件数ファイルに誤りがあります"):
        read_source(path, LAYOUTS["seto"], decision=True)


# Text

WORDS = (
    "東京都新宿区新宿1-2-3",
    "渡邊\U000e0108",
    "か\u3099",
    "=1+1",
    "<b>",
    "\u202e",
    "ﾀﾞ",
    "①",
    "\r\n",
    "　",
    '"',
    "%s",
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    st.lists(st.sampled_from(WORDS), max_size=4).map("".join),
    st.text(st.characters(categories=["Lo", "Mn", "Zs", "Nd", "Sm", "Po"]), max_size=40),
)
FREE = ("name", "kana", "address", "building", "postcode", "district", "caseworker", "document_no", "reason")
MAILTO = ("mailto_name", "mailto_postcode", "mailto_address", "mailto_building")


def ends(report: Report) -> dict[str, set[str]]:
    """Return the case numbers of each severity."""
    found: dict[str, set[str]] = {}
    for rule in report["rules"]:
        found.setdefault(rule["severity"], set()).update(rule["case_nos"])
    return found


@settings(
    max_examples=4,
    phases=[Phase.explicit, Phase.generate],  # half a second each: to shrink one would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.dictionaries(st.sampled_from(FREE + MAILTO), TEXTS, min_size=1), min_size=20, max_size=20))
def test_random_texts_never_break_the_checks_and_none_that_may_not_be_printed_gets_through(
    tmp_path: Path, changes: list[dict[str, str]]
) -> None:
    recipients = tuple(
        changed(each, record_no=number, **fields)
        for number, (each, fields) in enumerate(zip(households(20), changes, strict=True), start=1)
    )
    path = put(tmp_path, export(recipients, LAYOUTS["seto"]), recipients)
    report = try_export(path, layout="seto", kind="change_notice", settings=SETTINGS)
    assert report["rows"] == 20, report["rules"][0]["message"]
    found = ends(report)
    kept = set().union(*(found.get(each, set()) for each in ("stop", "hold", "exclude", "counter")))
    printed = [each for each in recipients if each.case_no not in kept]
    for each in printed:
        assert each.decision
        for text in (each.name, each.address, each.building, each.decision.document_no):
            assert not {unicodedata.category(sign) for sign in text} & {"Cc", "Cf", "Co", "Cn", "Zl", "Zp"}
        assert each.name.strip()
        assert each.decision.reason.strip()
    pieces = number(printed)
    font = font_for(pieces)
    content, ranges = Press(font, templates(), ISSUED, ROUND).draw(pieces)
    pages = Reader(font, templates(), ISSUED, ROUND).read("print/notices-001", content, pieces, ranges) if pieces else 0
    assert pages == sum(each.pages for each in ranges)
    assert all(CANARY not in rule["message"] for rule in report["rules"])


def test_the_text_a_field_holds_is_what_was_written() -> None:
    @settings(max_examples=150)
    @given(st.dictionaries(st.sampled_from(FREE + MAILTO), TEXTS, min_size=1))
    def read_back(fields: dict[str, str]) -> None:
        recipients = (changed(households(2)[0], **fields), households(2)[1])
        raw = export(recipients, LAYOUTS["seto"])
        if fields.get("district") == "合計":
            return
        assert read_export(raw, LAYOUTS["seto"], decision=True).recipients == recipients
        assert records_of(raw, LAYOUTS["seto"]) == 2

    read_back()


def test_a_control_file_may_promise_nothing_that_is_not_there(tmp_path: Path) -> None:
    path = put(tmp_path, SOUND["shinjuku"], households(8))
    promised = control_file(SOUND["shinjuku"], households(9), decision=True, created_at=AT)
    path.with_name(f"{path.name}.control.json").write_bytes(promised)
    with pytest.raises(CountMismatchError, match=r"9.*8"):
        read_source(path, LAYOUTS["shinjuku"], decision=True)
