"""Faults of a whole round: each ends without a duplicate entry, a lost entry, or a second package under one number."""

from __future__ import annotations

import multiprocessing
import os
import resource
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from answered import ANSWERED, FORMS, WITHDRAWN, answer, day, disc_made, lead_to, notice_made, release_ready, settled
from journey import holds_canary, put_export, small_chunks
from mailround.approve_release import ReleaseApproval
from mailround.check_quality import check_quality
from mailround.close_round import close_round
from mailround.context import INDEX_KEY, PASSWORD, ROUND_KEY, RoundContext, load_round
from mailround.correct_entry import correct_entry
from mailround.decide_holds import HoldDecision
from mailround.deletion_certificate import DeletionCertificate
from mailround.errors import GateClosedError, MailroundError
from mailround.extract import extract
from mailround.forms import AskAgain, Form, Settled, settle
from mailround.handover_sheet import print_sheet
from mailround.kept_templates import KEPT
from mailround.media_check import check_disc
from mailround.media_handover import MediaHandover
from mailround.media_image import image_path, make_image
from mailround.model import ChunkGroup, CorrectionReason, Recipient, Rendered
from mailround.package_check import check_package
from mailround.password_handover import PasswordHandover
from mailround.password_notice import copies, issue, reprint
from mailround.plan_print import LISTED, list_name, plan_print
from mailround.posting import Posting
from mailround.proof import make_proof
from mailround.purge import purge
from mailround.receipt import Receipt
from mailround.register import entries as register
from mailround.register import store
from mailround.register.entries import AnswerRefused, Body, Entry, ReleaseRefused, latest, standing
from mailround.register.store import Register
from mailround.render import render
from mailround.returns import Returns
from mailround.seal import package_path, seal
from mailround.settings import Settings
from mailround.verify import verify
from mailround.withdrawal import WithdrawalAcknowledgement, request_withdrawal
from prepared import make_signing_key
from tampered import owner_url

Opener = Callable[..., RoundContext]

DATABASES = ("sqlite", "postgresql")
HOUSEHOLDS = 20


@pytest.fixture(params=DATABASES[:1])
def settings(settings: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """The ward with small chunks; its register is on SQLite unless a test says otherwise."""
    ward = small_chunks(settings, tmp_path, 5).model_copy(update={"print_tasks": 1})
    if request.param == "sqlite":
        return ward
    url = request.getfixturevalue("postgres_url")
    Register(url).migrate(owner_url(url))
    return ward.model_copy(update={"register_url": url})


@pytest.fixture
def round_id(settings: Settings, open_a_round: Opener) -> str:
    """A round that is opened over sample households."""
    work = open_a_round()
    make_signing_key(work)
    put_export(work, HOUSEHOLDS)
    return work.round_id


@dataclass(frozen=True)
class Act:
    """One thing that is done in a round."""

    name: str
    do: Callable[[RoundContext, datetime], Any]
    at: datetime
    records: type[Body]
    """The entry that it leaves."""
    keys: tuple[str, ...] = ()
    """The secrets without which it cannot be done."""
    repeats: bool = False
    """Whether doing it again makes another: a package sealed anew, a further print of a paper."""


def answering(form: type[Form], *keys: str, **more: Callable[[RoundContext], object]) -> Act:
    """Give the good answer to a form; ``more`` are fields that hang on the round."""

    def do(work: RoundContext, at: datetime) -> Settled:
        given = answer(form, **{name: value(work) for name, value in more.items()})
        outcome = settle(form, work, given, at=at)
        assert isinstance(outcome, Settled), outcome
        return outcome

    return Act(form.step, do, ANSWERED[form], form.records, keys)


def stepping(step: Callable[..., Any], at: datetime, records: type[Body], *keys: str, repeats: bool = False) -> Act:
    return Act(step.__name__, lambda work, at: step(work, at=at), at, records, keys, repeats)


def _sealed(work: RoundContext) -> register.Sealed:
    found = latest(work.entries, register.Sealed)
    assert found is not None
    return found


def _render(work: RoundContext, at: datetime) -> Rendered:
    planned = latest(work.entries, register.PrintPlanned)
    assert planned is not None
    return render(work, ChunkGroup(round_id=work.round_id, first=1, last=planned.chunks), at=at)


def _verify(work: RoundContext, at: datetime) -> object:
    rendered = latest(work.entries, register.Rendered)
    assert rendered is not None
    return verify(work, Rendered(round_id=work.round_id, **rendered.model_dump(exclude={"kind"})), at=at)


def _request(work: RoundContext, at: datetime) -> object:
    pulled = work.workspace.read_records(list_name(1), LISTED)[0].piece_id
    return request_withdrawal(work, pulled, "送付先の変更", requested_by="officer", at=at)


COUNTS: dict[str, Callable[[RoundContext], object]] = {
    "pieces": lambda work: _sealed(work).pieces,
    "pages": lambda work: _sealed(work).pages,
}
SIGNING_KEY = "signing key"
ACTS: tuple[Act, ...] = (
    stepping(extract, day(11, 10, 10), register.Extracted, ROUND_KEY),
    Act(
        "check_quality",
        lambda work, at: check_quality(work, at=at),
        day(11, 10, 11),
        register.QualityChecked,
        (ROUND_KEY,),
    ),
    answering(HoldDecision, ROUND_KEY),
    stepping(plan_print, day(11, 11, 11), register.PrintPlanned, ROUND_KEY),
    Act("render", _render, day(11, 11, 12), register.Rendered, (ROUND_KEY,)),
    Act("verify", _verify, day(11, 11, 13), register.Verified, (ROUND_KEY,)),
    stepping(seal, day(11, 11, 14), register.Sealed, ROUND_KEY, repeats=True),
    Act(
        "make_proof",
        lambda work, at: make_proof(work, at=at),
        day(11, 11, 15),
        register.ProofMade,
        (ROUND_KEY, PASSWORD),
    ),
    answering(ReleaseApproval),
    stepping(make_image, day(11, 13), register.MediaImaged, PASSWORD),
    Act(
        "check_disc",
        lambda work, at: check_disc(work, image_path(work.settings, work.round_id), "DVD-0001", at=at),
        day(11, 13),
        register.MediaChecked,
    ),
    Act(
        "media sheet",
        lambda work, at: print_sheet(work, "media", lambda _: None, at=at),
        day(11, 13),
        register.HandoverSheetPrinted,
        (SIGNING_KEY,),
        repeats=True,
    ),
    answering(MediaHandover, **COUNTS),
    Act(
        "password notice",
        lambda work, at: issue(work, lambda _: None, at=at),
        day(11, 16, 11, 5),
        register.PasswordNoticeIssued,
        (PASSWORD, SIGNING_KEY),
    ),
    Act(
        "password sheet",
        lambda work, at: print_sheet(work, "password", lambda _: None, at=at),
        day(11, 16, 11, 5),
        register.HandoverSheetPrinted,
        (SIGNING_KEY,),
        repeats=True,
    ),
    answering(PasswordHandover, copy_no=copies),
    answering(Receipt, **COUNTS),
    Act("request_withdrawal", _request, day(11, 18), register.WithdrawalRequested, (ROUND_KEY,)),
    answering(WithdrawalAcknowledgement, pulled=lambda _: "すべて", too_late=lambda _: 0),
    answering(Posting, posted=lambda work: _sealed(work).pieces - 1),
    stepping(purge, day(11, 25, 11), register.Purged, INDEX_KEY, ROUND_KEY),
    answering(Returns, notices=copies),
    answering(DeletionCertificate, notices=copies),
    Act(
        "close_round", lambda work, at: close_round(work, at=at), day(12, 11, 11), register.RoundClosed, (SIGNING_KEY,)
    ),
)
"""A whole round, thing by thing; a step that destroys a secret does not need it."""


def own(work: RoundContext, act: Act) -> list[Body]:
    """Return what stands of the kind that something leaves."""
    return standing(work.entries, act.records)


def apart(do: Callable[[], object]) -> str:
    """Do something in a process of its own; return what came of it: nothing, the names of the error's types, a kill."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        told = ""
        try:
            do()
        except BaseException as error:  # noqa: BLE001 - the parent judges it
            told = " ".join(each.__name__ for each in type(error).__mro__) + f": {error}"
        os.write(writing, told.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else told


def require_round_went_well(settings: Settings, round_id: str) -> None:
    """Everything was done once, by one package, and nothing of the round is left behind."""
    work = load_round(settings, round_id)
    work.register.verify()
    once = {act.records for act in ACTS} - {act.records for act in ACTS if act.repeats}
    assert {kind for kind in once if len(standing(work.entries, kind)) != 1} == set()
    handed = {each.package_sha256 for each in standing(work.entries, register.MediaHandedOver)}
    assert handed == {_sealed(work).sha256}
    report = settings.outbox / round_id / "evidence"
    left = {
        path for root in (settings.data, settings.outbox, settings.vault) for path in root.rglob("*") if path.is_file()
    }
    assert {path for path in left if round_id in str(path)} == {
        package_path(settings, round_id).with_name("manifest.json"),
        report / f"{round_id}.json",
        report / f"{round_id}.pdf",
        report / KEPT,
    }


def require_good_package(work: RoundContext) -> None:
    """The package on the disk is the one that the register stands for, and opens with the round's password."""
    password = work.vault.open(work.round_id, PASSWORD).decode()
    report = check_package(package_path(work.settings, work.round_id), password)
    assert (report.sha256, report.pieces) == (_sealed(work).sha256, _sealed(work).pieces)


BIG = 2_000_000
"""Bytes; no file of the round is as long, and the register is longer: then its own write alone finds the disk full."""


def fill_register(work: RoundContext) -> None:
    """Make the register's file so long that whatever comes next stands behind that many bytes."""
    for length in (BIG, *range(1_000, 1_020)):
        refused = AnswerRefused(step="", reasons=("x" * length,), answered_at=day(11, 10))
        work.register.append(refused, round_id="2026-01-other", actor="mailround", at=day(11, 10))


def on_a_full_disk(limit: int, do: Callable[[], object]) -> Callable[[], None]:
    """Let the kernel refuse what a process writes behind that many bytes of a file."""

    def short() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
        do()

    return short


def test_a_full_disk_is_tried_again_and_leaves_no_entry(settings: Settings, round_id: str) -> None:
    fill_register(load_round(settings, round_id))
    for act in ACTS:
        before = own(load_round(settings, round_id), act)
        for limit in (0, 6_000, BIG):  # the first write, a later large one, the register's
            told = apart(on_a_full_disk(limit, lambda act=act: act.do(load_round(settings, round_id), act.at)))
            assert "OSError" in told or "OperationalError" in told, (act.name, limit, told)
            assert own(load_round(settings, round_id), act) == before, (act.name, limit)
        act.do(load_round(settings, round_id), act.at)
        assert len(own(load_round(settings, round_id), act)) == len(before) + 1, act.name
        if act.records is register.Sealed:
            require_good_package(load_round(settings, round_id))
    require_round_went_well(settings, round_id)


TOUCHES = ("replace", "rename", "unlink", "remove", "link", "fsync", "rmdir", "mkdir")
"""How the world is touched, beside the register."""


class TouchedError(Exception):
    """How often the world was touched, and what came of it."""


def killed_at(touch: int, do: Callable[[], object]) -> Callable[[], None]:
    """Kill the process just before it touches the world for the n-th time; else say how often it did."""

    def short_lived() -> None:
        count = 0

        def touching() -> None:
            nonlocal count
            count += 1
            if count == touch:
                os.kill(os.getpid(), signal.SIGKILL)

        def patched(original: Callable[..., Any]) -> Callable[..., Any]:
            def first_count(*arguments: Any, **named: Any) -> Any:
                touching()
                return original(*arguments, **named)

            return first_count

        for name in TOUCHES:
            setattr(os, name, patched(getattr(os, name)))
        writing = Register._writing

        @contextmanager
        def between(self: Register) -> Iterator[sa.Connection]:
            touching()
            with writing(self) as connection:
                yield connection
                touching()  # written, not committed
            touching()

        Register._writing = between  # type: ignore[method-assign]
        outcome = do()
        raise TouchedError(f"{count} {outcome!r}")

    return short_lived


def test_a_killed_step_is_finished_by_the_next_try(
    settings: Settings, round_id: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    killed = Counter[str]()
    for act in ACTS:
        ward = tmp_path_factory.mktemp("copies") / "ward"
        shutil.copytree(tmp_path, ward)
        told = apart(
            killed_at(0, lambda act=act, ward=ward: act.do(load_round(moved(settings, ward), round_id), act.at))
        )
        touches, undisturbed = told.partition(": ")[2].split(" ", 1)
        shutil.rmtree(ward)
        before = own(load_round(settings, round_id), act)
        for touch in sorted({1, int(touches) // 2, int(touches)}):
            told = apart(killed_at(touch, lambda act=act: act.do(load_round(settings, round_id), act.at)))
            killed[act.name] += told == "killed"
            assert len(own(load_round(settings, round_id), act)) <= len(before) + 1 or act.repeats, (act.name, touch)
        work = load_round(settings, round_id)
        if act.records is register.PasswordNoticeIssued and own(work, act):
            with pytest.raises(GateClosedError, match="再出力"):  # recorded, and perhaps not printed
                act.do(work, act.at)
            reprint(work, lambda _: None, "印刷の失敗", "第1号", at=act.at)
        elif act.repeats or act.records is register.MediaImaged:
            act.do(work, act.at)
        else:
            assert repr(act.do(work, act.at)) == undisturbed, act.name
        assert len(own(work, act)) == len(before) + 1 or act.repeats, act.name
        if act.records is register.Sealed:
            require_good_package(load_round(settings, round_id))
    assert {act.name for act in ACTS if killed[act.name] < 2} == set()
    require_round_went_well(settings, round_id)


def moved(settings: Settings, ward: Path) -> Settings:
    """Return the settings of a copy of the ward."""
    folders = {name: ward / getattr(settings, name).name for name in ("include", "inbox", "data", "outbox", "vault")}
    files = {"vault_identity": ward / "vault-identity", "register_url": f"sqlite:///{ward}/register/register.db"}
    return settings.model_copy(update=folders | files)


def test_without_a_key_a_step_says_what_to_do_and_with_it_the_round_goes_on(
    settings: Settings, round_id: str, tmp_path: Path
) -> None:
    for act in ACTS:
        for key in (*act.keys, *(("the vault's identity",) if act.keys and act.keys != (SIGNING_KEY,) else ())):
            lost = {SIGNING_KEY: settings.checkpoint_key, "the vault's identity": settings.vault_identity}.get(
                key, settings.vault / round_id / key
            )
            before = told_of(settings, round_id)
            kept = lost.rename(tmp_path / "kept")
            with pytest.raises(MailroundError, match="【対応】") as told:
                act.do(load_round(settings, round_id), act.at)
            assert not holds_canary(str(told.value).encode()), (act.name, key)
            kept.rename(lost)
            assert told_of(settings, round_id) == before, (act.name, key)
        act.do(load_round(settings, round_id), act.at)
    require_round_went_well(settings, round_id)


def told_of(settings: Settings, round_id: str) -> list[Entry]:
    """Return all entries but what the gates were found to be, which is recorded whatever comes of it."""
    entries = load_round(settings, round_id).register.entries()
    return [entry for entry in entries if not isinstance(entry.body, register.GatesEvaluated)]


@pytest.mark.parametrize("settings", DATABASES, indirect=True)
def test_a_register_that_stays_locked_is_tried_again_and_leaves_no_entry(
    settings: Settings, round_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for act in ACTS[:3]:
        with load_round(settings, round_id).register._writing(), monkeypatch.context() as hurry:
            hurry.setattr(store, "PATIENCE", timedelta(seconds=0.1))
            with pytest.raises(sa.exc.OperationalError, match="lock"):
                act.do(load_round(settings, round_id), act.at)
        assert own(load_round(settings, round_id), act) == [], act.name
        act.do(load_round(settings, round_id), act.at)
        assert len(own(load_round(settings, round_id), act)) == 1, act.name


@pytest.mark.parametrize(
    "jumps",
    [(timedelta(days=-1), timedelta(hours=-1)), (timedelta(days=30),)],
    ids=["a day or an hour back", "a month ahead"],
)
def test_a_clock_that_jumps_and_is_put_right_duplicates_and_decides_nothing(
    settings: Settings, round_id: str, jumps: tuple[timedelta, ...]
) -> None:
    for act, jump in zip(ACTS, cycle(jumps), strict=False):
        work = load_round(settings, round_id)
        before = len(own(work, act))
        try:
            act.do(work, act.at + jump)
        except MailroundError as error:
            assert "【対応】" in str(error), act.name  # noqa: PT017 - it may come or not
            assert len(own(work, act)) == before, act.name
        done = len(own(work, act)) > before
        if done and jump > timedelta() and act.records in PUT_RIGHT:
            PUT_RIGHT[act.records](work, act)
        if not done or act.records is not register.PasswordNoticeIssued:  # which is made once
            act.do(work, act.at)
        assert len(own(work, act)) == before + 1 or act.repeats, act.name
        if act.records is register.Sealed:
            require_good_package(work)
    require_round_went_well(settings, round_id)
    entries = load_round(settings, round_id).register.entries()
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def take_back(work: RoundContext, act: Act) -> None:
    """Correct what was recorded at a time that is still to come, as its refusal would last until then."""
    seq = next(entry.seq for entry in reversed(work.entries) if isinstance(entry.body, act.records))
    correct_entry(work.settings, seq, reason=CorrectionReason.SLIP, reference="第1号", by="officer", at=act.at)


PUT_RIGHT: dict[type[Body], Callable[[RoundContext, Act], object]] = {
    register.MediaChecked: take_back,
    register.WithdrawalRequested: take_back,
    register.PasswordNoticeIssued: lambda work, act: reprint(work, lambda _: None, "印刷の失敗", "第1号", at=act.at),
}
"""What people do about an entry of a clock that ran ahead when something else must come after it."""


EARLY: dict[type[Form], tuple[dict[str, object], ...]] = {
    MediaHandover: ({}, {"option": MediaHandover.options[-1]}),
    Returns: ({}, {"withdrawn": 0, "spoiled": 0}),
    DeletionCertificate: ({}, {"paper": 0}, {"paper": 0, "notices": 0}, {"paper": 0, "notices": 0, "discs": 0}),
}
"""Answers that count right although they come too early."""


def test_no_form_is_settled_before_its_turn_and_none_twice(
    open_a_round: Opener, make_recipient: Callable[..., Recipient]
) -> None:
    work = open_a_round()
    for form in FORMS:
        require_too_early(form, work)
    release_ready(work, make_recipient)
    for turn, form in enumerate(FORMS[1:], 1):
        for later in FORMS[turn + 1 :]:
            require_too_early(later, work)
        if form is WithdrawalAcknowledgement:
            typed = "、".join(WITHDRAWN)
            request_withdrawal(work, typed, "送付先の変更", requested_by="officer", at=day(11, 18))
        settled(form, work)
        entries = work.entries
        for earlier in FORMS[1 : turn + 1]:
            if earlier is not WithdrawalAcknowledgement or form is earlier:  # nothing is pulled any more
                settled(earlier, work)
        assert work.entries == entries, form.step
        if form in MADE:
            MADE[form](work)


MADE = {ReleaseApproval: disc_made, MediaHandover: notice_made}
"""What is made once a form is answered."""


def require_too_early(form: type[Form], work: RoundContext) -> None:
    """Whatever is answered, it is refused in Japanese and leaves no entry of its kind."""
    before = [entry for entry in work.entries if not isinstance(entry.body, AnswerRefused)]
    for changes in EARLY.get(form, ({},)):
        if form is Posting and latest(work.entries, register.ReceiptConfirmed):  # a withdrawal is no turn of its own
            outcome = settle(form, work, answer(form, **changes), at=ANSWERED[form])
            assert isinstance(outcome, AskAgain)
            continue
        with pytest.raises(GateClosedError, match="【対応】"):
            settle(form, work, answer(form, **changes), at=ANSWERED[form])
    assert [entry for entry in work.entries if not isinstance(entry.body, AnswerRefused)] == before, form.step


TOGETHER: dict[str, tuple[type[Form], dict[str, object], dict[str, object]]] = {
    "two approve": (ReleaseApproval, {}, {"answered_at": day(11, 12, 11)}),
    "one approves, one sends back": (ReleaseApproval, {}, {"responder": "approver2", "option": "差戻し"}),
    "two record a handover": (MediaHandover, {}, {"bag_no": "BAG-09"}),
    "one records a handover, one gives up": (MediaHandover, {}, {"option": "渡さずに中止する"}),
    "two post": (Posting, {}, {"spoiled": 1, "reprinted": 1}),
}


def settle_at_once(
    settings: Settings, round_id: str, form: type[Form], together: Barrier, changes: dict[str, object]
) -> None:
    """Judge an answer, wait until the other process has judged its own, and go on."""
    judged, met = form.outcome, False

    def outcome(self: Form, work: RoundContext, answer: Any) -> Any:
        nonlocal met
        found = judged(self, work, answer)
        if not met:
            met = True
            together.wait(60)
        return found

    form.outcome = outcome  # type: ignore[method-assign]
    settle(form, load_round(settings, round_id), answer(form, **changes), at=ANSWERED[form])


@pytest.mark.parametrize("case", TOGETHER)
@pytest.mark.parametrize("settings", DATABASES, indirect=True)
def test_of_two_answers_settled_by_two_processes_at_once_one_stands_and_the_other_is_recorded_as_refused(
    settings: Settings,
    open_a_round: Opener,
    make_recipient: Callable[..., Recipient],
    case: str,
) -> None:
    form, *answers = TOGETHER[case]
    work = release_ready(open_a_round(), make_recipient)
    lead_to(form, work)
    before = work.entries
    context = multiprocessing.get_context("fork")
    together = context.Barrier(2)
    both = [
        context.Process(target=settle_at_once, args=(settings, work.round_id, form, together, changes))
        for changes in answers
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(60)
    assert sorted(each.exitcode or 0 for each in both) == [0, 1], "the second one fails"
    added = [entry.body for entry in work.entries[len(before) :]]
    assert len([body for body in added if isinstance(body, form.records | ReleaseRefused)]) == 1
    refused = [body for body in added if isinstance(body, AnswerRefused)]
    ended = any(isinstance(body, ReleaseRefused) for body in added)
    assert len(refused) == (0 if ended else 1), "of an ended round nothing more is recorded"
