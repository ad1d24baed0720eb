"""Great Expectations as it is used here: booleans in, record numbers out, and no silent pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from great_expectations.expectations.core.expect_column_values_to_be_in_set import ExpectColumnValuesToBeInSet

from mailround.errors import QualityStopError
from mailround.quality import expectations
from mailround.quality.choices import Choice
from mailround.quality.expectations import Outcome
from mailround.quality.expectations import run_suite as run_arrays

HOLD = Choice(severity="hold")
STOP = Choice(severity="stop")


def run_suite(
    name: str, record_nos: list[int], columns: dict[str, list[Any] | None], choices: dict[str, Choice]
) -> dict[str, Outcome]:
    arrays = {rule_id: column if column is None else np.array(column) for rule_id, column in columns.items()}
    return run_arrays(name, record_nos, arrays, choices)


def test_every_failing_record_comes_back_by_number_however_many() -> None:
    record_nos = list(range(1, 3001))
    outcome = run_suite("household", record_nos, {"even": [n % 2 == 0 for n in record_nos]}, {"even": HOLD})["even"]
    assert outcome.record_nos == frozenset(range(1, 3001, 2))
    assert outcome.passed


def test_a_run_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")  # the root logger, as Airflow may set it
    run_suite("household", [1], {"some_rule": [False]}, {"some_rule": HOLD})
    assert [record.name for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_a_stopping_rule_fails_on_one_record_and_a_share_only_below_it() -> None:
    columns = {"strict": [True] * 19 + [False], "lenient": [True] * 19 + [False], "share": [True] * 18 + [False] * 2}
    choices = {"strict": STOP, "lenient": HOLD, "share": Choice(severity="hold", mostly=0.95)}
    found = run_suite("household", list(range(20)), columns, choices)
    assert {rule_id: outcome.passed for rule_id, outcome in found.items()} == {
        "strict": False,
        "lenient": True,
        "share": False,
    }


def test_an_empty_frame_passes_every_column_but_not_the_question_for_records() -> None:
    nothing = np.array([], dtype=bool)
    found = run_arrays("round", [], {"any": nothing, "present": None}, {"any": STOP, "present": STOP})
    assert (found["any"].passed, found["present"].passed) == (True, False)


@pytest.mark.parametrize("column", [[True], [True, None], [True, "山田"], [True, float("nan")], [True, 1], []])
def test_an_answer_that_is_no_boolean_for_every_record_stops_the_round_without_quoting_it(column: list[Any]) -> None:
    with pytest.raises(QualityStopError, match="some_rule") as stopped:
        run_suite("household", [1, 2], {"some_rule": column}, {"some_rule": HOLD})
    assert "山田" not in str(stopped.value)


def test_a_duplicate_key_stops_the_round_because_it_would_blame_another_household() -> None:
    with pytest.raises(QualityStopError, match="record_no"):
        run_suite("household", [1, 1], {"some_rule": [True, False]}, {"some_rule": HOLD})


def test_an_expectation_that_crashes_stops_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def over_a_missing_column(rule_id: str, choice: Choice, *, whole: bool) -> ExpectColumnValuesToBeInSet:
        return ExpectColumnValuesToBeInSet(column="no_such_column", value_set=[True], meta={"rule": rule_id})

    monkeypatch.setattr(expectations, "_expectation", over_a_missing_column)
    with pytest.raises(QualityStopError, match="some_rule"):
        run_suite("household", [1, 2], {"some_rule": [True, True]}, {"some_rule": HOLD})


def test_an_expectation_that_does_not_answer_stops_the_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectations.gx, "ExpectationSuite", lambda name, expectations: _Suite(name, expectations[:1]))
    with pytest.raises(QualityStopError, match="second"):
        run_suite("household", [1], {"first": [True], "second": [True]}, {"first": HOLD, "second": HOLD})


def test_a_crash_is_also_found_inside_the_metrics() -> None:
    assert expectations._raised({"metric": {"raised_exception": True}})
    assert not expectations._raised({"raised_exception": False, "exception_message": None})


def test_what_great_expectations_is_shown_is_booleans_and_record_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    real = expectations.pd.DataFrame
    monkeypatch.setattr(
        expectations, "pd", SimpleNamespace(DataFrame=lambda data: shown.append(real(data)) or shown[-1])
    )
    run_suite("household", [7, 8], {"some_rule": [True, False]}, {"some_rule": HOLD})
    assert {name: str(dtype) for name, dtype in shown[0].dtypes.items()} == {"record_no": "int64", "some_rule": "bool"}


def test_checking_writes_nothing_prints_nothing_and_needs_no_home(tmp_path: Path) -> None:
    program = (
        "import numpy as np\n"
        "from mailround.quality.expectations import run_suite\n"
        "from mailround.quality.choices import Choice\n"
        "columns = {'a': np.array([True, False])}\n"
        "print(run_suite('household', [1, 2], columns, {'a': Choice(severity='hold')})['a'].record_nos)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout == "frozenset({2})\n"
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


_Suite = expectations.gx.ExpectationSuite
