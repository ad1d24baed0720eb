"""Who is left to be held: what the checks found, less what the register says was released."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from answered import report
from mailround.context import RoundContext
from mailround.hold_release import load_holds, read_rules, releasable_by, write_release, write_report
from mailround.model import SEVERITIES
from mailround.quality.catalogue import Severity
from mailround.register.entries import HoldsReleased, QualityChecked
from prepared import AT, record


@pytest.fixture
def work(open_a_round: Callable[..., RoundContext]) -> RoundContext:
    opened = open_a_round()
    counts = {"rows": 10, "printable": 6, "held": 3, "excluded": 1, "warned": 1}
    record(opened, QualityChecked(export_sha256="e" * 64, findings={}, checked_sha256="c" * 64, **counts))
    return opened


def released(work: RoundContext, rule: str, *case_nos: str) -> None:
    said = {"rule": rule, "cases": len(case_nos), "reason": "別世帯と確認済み", "reference": "第1号"}
    sha256 = write_release(work, rule, case_nos)
    record(work, HoldsReleased(checked_sha256="c" * 64, sha256=sha256, answered_at=AT, **said))


def test_a_household_is_free_when_no_rule_holds_it_any_longer(work: RoundContext) -> None:
    report(work, A04=("0000001", "0000002"), C01=("0000002", "0000009"))
    holds = load_holds(work)
    assert holds.held == {"0000001", "0000002", "0000009"}
    assert holds.releases_sha256 == ""
    released(work, "A04", "0000001", "0000002")
    holds = load_holds(work)
    assert holds.held == {"0000002", "0000009"}
    assert holds.released == {"0000001"}
    assert holds.by_rule["A04"] == frozenset()
    assert holds.printable == 10 - 2 - 1


def test_who_is_excluded_or_for_the_counter_is_neither_held_nor_released(work: RoundContext) -> None:
    report(work, A04=("0000001", "0000002", "0000003"), C01=(), P01=("0000001",), P07=("0000002",))
    assert load_holds(work).by_rule["A04"] == {"0000003"}
    released(work, "A04", "0000001", "0000002", "0000003")
    assert load_holds(work).released == {"0000003"}


def test_who_is_held_by_no_rule_of_the_report_stays_held(work: RoundContext) -> None:
    unprinted = report(work, A04=("0000001",), C01=())
    write_report(work.workspace, unprinted, [each for each in read_rules(work.workspace) if each.id != "A04"])
    released(work, "A04", "0000001")
    assert load_holds(work).held == {"0000001"}


def test_the_hash_is_of_all_that_the_checks_wrote(work: RoundContext) -> None:
    written = []
    for cases in ({"A04": ("0000001",)}, {"C02": ()}, {"P07": ("0000009",)}):
        unprinted = report(work, **cases)
        written.append(write_report(work.workspace, unprinted, tuple(read_rules(work.workspace))))
        assert load_holds(work).report_sha256 == written[-1]
    assert len(set(written)) == 3


@pytest.mark.parametrize("part", [1, 2, 3, 1_000])
def test_a_rule_that_found_many_is_read_back_whole(
    work: RoundContext, monkeypatch: pytest.MonkeyPatch, part: int
) -> None:
    """A case may stand in a rule twice: every record that was found counts."""
    monkeypatch.setattr("mailround.hold_release._PART", part)
    report(work, A04=("0000001", "0000004", "0000001"), C01=("0000002",), C02=())
    rules = [
        replace(rule, details={case_no: f"組{case_no}" for case_no in rule.case_nos[1:]})
        for rule in read_rules(work.workspace)
    ]
    holds = load_holds(work)
    write_report(work.workspace, holds.unprinted, rules)
    assert list(read_rules(work.workspace)) == rules
    assert [rule.count for rule in rules] == [1, 0, 0, 3, 1, 0]
    again = load_holds(work)
    assert (again.by_rule, again.rules, again.held) == (holds.by_rule, holds.rules, holds.held)
    assert again.by_rule["A04"] == {"0000001", "0000004"}


def test_a_release_that_the_register_does_not_tell_of_counts_for_nothing(work: RoundContext) -> None:
    report(work, A04=("0000001",), C01=())
    write_release(work, "A04", ["0000001"])
    assert load_holds(work).held == {"0000001"}


@pytest.mark.parametrize(
    ("rule", "who"),
    [("A04", "person"), ("P03", "second"), *((each, "nobody") for each in ("P04", "P05", "A01", "C03", "D06", "X99"))],
)
def test_who_may_release_what_a_rule_holds(rule: str, who: str) -> None:
    assert releasable_by(rule) == who


def test_every_severity_has_a_name() -> None:
    assert set(SEVERITIES) == set(Severity)
