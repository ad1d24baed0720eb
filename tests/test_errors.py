"""Errors: what happened and what to do, in Japanese, also after a trip between worker processes."""

from __future__ import annotations

import pickle

import pytest

from mailround import errors
from mailround.errors import Finding, MailroundError, MalformedExportError

TREE = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, MailroundError)]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_says_what_happened_and_what_to_do(kind: type[MailroundError]) -> None:
    assert str(kind("件数が違います。", "やり直してください。")) == "件数が違います。 【対応】やり直してください。"


@pytest.mark.parametrize("kind", TREE)
def test_every_error_survives_pickling(kind: type[MailroundError]) -> None:
    back = pickle.loads(pickle.dumps(kind("甲。", "乙。")))  # noqa: S301 - our own bytes
    assert type(back) is kind
    assert (back.happened, back.remedy) == ("甲。", "乙。")


def test_findings_travel_with_their_error() -> None:
    finding = Finding(record=3, line=5, field="postcode", problem="7桁ではありません")
    back = pickle.loads(pickle.dumps(MalformedExportError("甲。", "乙。", (finding,))))  # noqa: S301 - our own bytes
    assert back.findings == (finding,)


def test_every_error_is_documented() -> None:
    assert all(kind.__doc__ for kind in TREE)
