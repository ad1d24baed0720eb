"""Ask the records of a round every question: batch by batch what can be asked of one, at the end what compares them.

A batch may be asked in another process: what comes back of it is booleans, and the little that is kept to compare.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from itertools import chain, islice
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
import pandas as pd

from mailround.errors import QualityStopError
from mailround.model import Recipient
from mailround.quality.catalogue import CATALOGUE, Rule, Severity
from mailround.quality.choices import Choice
from mailround.quality.facts import Block, Given, Kept, Whole, comparable, near_pairs

_ROUTED = frozenset({Severity.EXCLUDE, Severity.COUNTER})

SUITES = "mailround.quality.expectations"
"""What the answers are for; it loads Great Expectations."""

Booleans = npt.NDArray[np.bool_]
Batch = Iterable[Recipient]


@dataclass(frozen=True)
class Answered:
    """What is left of a batch: per rule a boolean for every record and what there is to say, and what is kept."""

    columns: Mapping[str, Booleans]
    details: Mapping[str, Mapping[int, str]]
    kept: Kept


@dataclass(frozen=True)
class Answers:
    """What all questions were answered; ``record_nos`` and ``case_nos`` are in the order of the records."""

    record_nos: npt.NDArray[np.int64]
    case_nos: npt.NDArray[np.object_]
    columns: Mapping[str, Booleans]
    details: Mapping[str, Mapping[int, str]]


@dataclass(frozen=True)
class Questions:
    """The rules that hold for a round, with what the ward makes of each and what all of them may look at."""

    choices: Mapping[str, Choice]
    given: Given

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order of the catalogue."""
        return tuple(rule for rule in CATALOGUE if self.given.decision or not rule.decision)

    @cached_property
    def _of_records(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.predicate and not rule.across)

    @cached_property
    def _routing(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self._of_records if self.choices[rule.id].severity in _ROUTED)

    def answers(self, batches: Iterable[Batch], processes: int) -> Answers:
        """Ask all records, of at least one batch at a time, in so many processes where there are several batches.

        Raises:
            QualityStopError: A question could not be answered.
        """
        rest = iter(batches)
        first = list(islice(rest, 2))
        several = processes > 1 and len(first) > 1
        asked = chain(first, rest)
        with _uncollected():
            found = list(self._in_processes(asked, processes) if several else map(self.answered, asked))
            return self._compared(found or [self.answered(())], apart=several)

    def _in_processes(self, batches: Iterable[Batch], processes: int) -> Iterator[Answered]:
        """Yield what is left of every batch, in order, holding no more of them than there are processes, and one."""
        with _pool(processes, self) as pool:
            rest = iter(batches)
            waiting = deque[Future[Answered]](pool.submit(_answered, each) for each in islice(rest, processes + 1))
            while waiting:
                done = waiting.popleft().result()
                waiting.extend(pool.submit(_answered, each) for each in islice(rest, 1))
                yield done

    def answered(self, batch: Batch) -> Answered:
        """Ask the records of a batch everything that can be asked of one."""
        with _discreet("準備"):
            block = Block.of(tuple(batch), self.given)
        sheet = _Sheet(block.frame.index)
        active, examined = sheet.every.copy(), sheet.every.copy()
        for rule in self._routing:
            well = sheet.ask(rule, block)
            examined &= well
            if self.choices[rule.id].severity is Severity.EXCLUDE:
                active &= well
        rest = block.only(examined)
        for rule in self._of_records:
            if rule not in self._routing:
                sheet.ask(rule, rest)
        with _discreet("準備"):
            return Answered(sheet.columns, sheet.details, block.kept(active))

    def _compared(self, found: list[Answered], *, apart: bool) -> Answers:
        """Ask what compares records of the whole round: in the household suite, those that are not excluded.

        ``apart``: the near-duplicates are looked for in another process meanwhile, and asked for last. It is a fresh
        one: those that were asked of the batches have filled their memory with what recurs.
        """
        columns = {rule.id: np.concatenate([each.columns[rule.id] for each in found]) for rule in self._of_records}
        details: dict[str, dict[int, str]] = {}
        for each in found:
            for rule_id, told in each.details.items():
                details.setdefault(rule_id, {}).update(told)
        kept = [each.kept for each in found]
        found.clear()
        with _pool(1) if apart else nullcontext() as pool:
            near = None
            if pool:
                near = pool.submit(near_pairs, *comparable(kept), self.given.thresholds.near_duplicate_score).result
            with _discreet("準備"):
                whole = Whole.of(kept, self.given, near)
            kept.clear()
            sheet = self._asked_of_all(whole)
        return Answers(
            whole.frame.index.to_numpy(),
            whole.frame["case_no"].to_numpy(),
            columns | sheet.columns,
            details | sheet.details,
        )

    def _asked_of_all(self, whole: Whole) -> _Sheet:
        """Put the questions that compare records."""
        sheet = _Sheet(whole.frame.index)
        active = whole.only(whole.frame["active"])
        for rule in sorted(self.rules, key=_waits_for_pairs):
            if _waits_for_pairs(rule):
                import_module(SUITES)  # seconds for whoever asked, which are free while another process compares
            if rule.across:
                sheet.ask(rule, whole if rule.suite == "round" else active)
        return sheet


class _Sheet:
    """The answers about some records; who is not in the table that a question is put to is well."""

    def __init__(self, index: pd.Index) -> None:
        self.every = pd.Series(data=True, index=index)
        self.columns: dict[str, Booleans] = {}
        self.details: dict[str, dict[int, str]] = {}

    def ask(self, rule: Rule, table: Block | Whole) -> pd.Series:
        """Put a question to a table, and return and note down the answer."""
        well = self.every
        if len(table.frame):
            with _discreet(rule.id):
                found = rule.answers(table)
                well = found if len(found) == len(well) else found.reindex(well.index, fill_value=True)
                self.details[rule.id] = rule.details(table, ~found)
        self.columns[rule.id] = well.to_numpy(dtype=bool)
        return well


def _waits_for_pairs(rule: Rule) -> bool:
    return "pairs" in rule.needs


_asked: Questions
"""What a process that was started for it asks every batch."""


def _pool(processes: int, questions: Questions | None = None) -> ProcessPoolExecutor:
    """Start processes of their own start: one that is forked of a process with threads may never end."""
    return ProcessPoolExecutor(processes, get_context("spawn"), _begin, (questions,))


def _begin(questions: Questions | None) -> None:
    global _asked  # noqa: PLW0603 - a process of the pool gets what it needs once, not with every batch
    if questions:
        _asked = questions
    gc.disable()


def _answered(batch: Batch) -> Answered:
    return _asked.answered(batch)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking, every few thousand records, through millions that hold no cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _discreet(what: str) -> Iterator[None]:
    """Let no error but one that says what could not be done come out of working on records.

    Raises:
        QualityStopError: Something went wrong.
    """
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it was, its text may hold a cell and must not travel on
        raise QualityStopError(
            f"検査「{what}」を実行できませんでした。データの良否は分かっていません。",
            "システム担当へ連絡してください。",
        ) from None
