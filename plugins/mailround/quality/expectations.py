"""Great Expectations, shown booleans only (docs/adr/0005): one column per rule, one expectation per column."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailround.errors import QualityStopError
from mailround.quality.catalogue import Severity
from mailround.quality.choices import Choice

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: it reads this once
logging.getLogger("great_expectations").setLevel(logging.WARNING)

import great_expectations as gx  # noqa: E402 - the two lines above must come first
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402
import pandas as pd  # noqa: E402
from great_expectations.core import ExpectationValidationResult  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from great_expectations.expectations.core.expect_column_values_to_be_in_set import (  # noqa: E402
    ExpectColumnValuesToBeInSet,
)
from great_expectations.expectations.core.expect_table_row_count_to_be_between import (  # noqa: E402
    ExpectTableRowCountToBeBetween,
)
from great_expectations.expectations.expectation import Expectation  # noqa: E402
from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: E402

logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.NOTSET)  # it raised itself to INFO

Answers = npt.NDArray[np.bool_]

_KEY = "record_no"
_RULE = "rule"
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": [_KEY],
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}
_SEVERITY = {
    Severity.STOP: FailureSeverity.CRITICAL,
    Severity.HOLD: FailureSeverity.CRITICAL,
    Severity.WARN: FailureSeverity.WARNING,
    Severity.INFO: FailureSeverity.INFO,
    Severity.EXCLUDE: FailureSeverity.INFO,
    Severity.COUNTER: FailureSeverity.INFO,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one expectation found. ``passed`` is False when fewer households passed than the ward requires."""

    passed: bool
    record_nos: frozenset[int]


def run_suite(
    name: str,
    record_nos: Sequence[int] | npt.NDArray[np.int64],
    columns: Mapping[str, Answers | None],
    choices: Mapping[str, Choice],
) -> dict[str, Outcome]:
    """Validate one suite: per rule an array of booleans, True where all is well, parallel to ``record_nos``.

    A rule without a column asks whether there is any record at all: over an empty frame every other expectation
    passes.

    Raises:
        QualityStopError: An expectation crashed, or an answer is not a boolean for every record.
    """
    if len(set(record_nos)) != len(record_nos):
        raise _broken("record_no")  # a duplicate key would blame the wrong household
    for rule_id, column in columns.items():
        if column is not None and (column.shape != (len(record_nos),) or column.dtype != bool):
            raise _broken(rule_id)
    frame = pd.DataFrame(
        {_KEY: record_nos, **{rule_id: column for rule_id, column in columns.items() if column is not None}}
    )
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    suite = gx.ExpectationSuite(
        name=name,
        expectations=[
            _expectation(rule_id, choices[rule_id], whole=column is None) for rule_id, column in columns.items()
        ],
    )
    asset = context.data_sources.add_pandas(name).add_dataframe_asset(name)
    batch = asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": frame})
    results = batch.validate(suite, result_format=_RESULT_FORMAT).results
    found = dict(map(_outcome, results))
    for rule_id in columns.keys() ^ found.keys():
        raise _broken(rule_id)
    return found


def _expectation(rule_id: str, choice: Choice, *, whole: bool) -> Expectation:
    meta, severity = {_RULE: rule_id}, _SEVERITY[choice.severity]
    if whole:
        return ExpectTableRowCountToBeBetween(min_value=1, meta=meta, severity=severity)
    return ExpectColumnValuesToBeInSet(
        column=rule_id, value_set=[True], mostly=choice.required_share, meta=meta, severity=severity
    )


def _outcome(result: ExpectationValidationResult) -> tuple[str, Outcome]:
    config = result.expectation_config
    rule_id = str(config.meta[_RULE]) if config else ""
    if _raised(result.exception_info):
        raise _broken(rule_id)
    listed = result.result.get("unexpected_index_list") or []
    record_nos = frozenset(int(number) for each in listed for number in each[_KEY])
    if len(record_nos) != result.result.get("unexpected_count", 0):
        raise _broken(rule_id)
    return rule_id, Outcome(bool(result.success), record_nos)


def _raised(info: Mapping[str, object]) -> bool:
    """Tell whether an expectation crashed: the entry itself says so, or one of its metrics' entries does."""
    return bool(info.get("raised_exception")) or any(_raised(each) for each in info.values() if isinstance(each, dict))


def _broken(rule_id: str) -> QualityStopError:
    return QualityStopError(
        f"検査「{rule_id}」を実行できませんでした。データの良否は分かっていません。",
        "システム担当へ連絡してください。",
    )
