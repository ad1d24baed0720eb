"""Drive one round on a local Airflow as its users would: trigger it, answer every form, watch it to the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any

from mailround.context import load_round
from mailround.decide_holds import GO_ON, RELEASE
from mailround.forms import UNCHOSEN
from mailround.hold_release import load_holds
from mailround.items import custody_items, pulled_pieces
from mailround.layouts import load_layout
from mailround.local.airflow import LocalAirflow
from mailround.local.client import AirflowUser, ClientError, TaskState
from mailround.media_image import image_path
from mailround.model import RoundParams
from mailround.register.entries import (
    AnswerRefused,
    B,
    MediaHandedOver,
    PasswordNoticeIssued,
    QualityChecked,
    Sealed,
    latest,
    standing,
)
from mailround.register.store import Register
from mailround.rounds import load_round_kind
from mailround.samples import write_sample
from mailround.settings import TOKYO, Settings

PATIENCE_SECONDS = 600
_MOST_REFUSALS = 3


class Driver:
    """One round and the users who work on it."""

    def __init__(self, airflow: LocalAirflow) -> None:
        """Log everybody in and wait until the DAG is there.

        Raises:
            ClientError: The DAG does not appear.
        """
        self.airflow = airflow
        self.environment = airflow.environment()
        self.settings = Settings.model_validate(
            {
                name: self.environment[variable]
                for name in Settings.model_fields
                if (variable := f"MAILROUND_{name.upper()}") in self.environment
            }
        )
        self.register = Register(self.settings.register_url)
        self.users = {
            name: AirflowUser(airflow.url, name, airflow.password) for name in ("datateam", "approver", "officer")
        }
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "mailing_round" not in self.users["datateam"].dags():
            if time.monotonic() > deadline:
                raise ClientError("DAGが読み込まれません。", "記録（dag-processor.log）を確認してください。")
            if errors := self.users["datateam"].import_errors():
                raise ClientError(
                    f"DAGの読込に失敗しました：{errors[0].strip().splitlines()[-1]}", "DAGを直してください。"
                )
            time.sleep(0.5)

    def close(self) -> None:
        """Log everybody out."""
        for user in self.users.values():
            user.close()

    def trigger(self, params: RoundParams) -> str:
        """Start a round as the data team and return its run id."""
        return self.users["datateam"].trigger(params.model_dump(mode="json"))

    def follow(
        self,
        run_id: str,
        round_id: str,
        answers: Answers,
        watch: Callable[[list[TaskState]], None] = lambda _: None,
    ) -> str:
        """Answer what is asked until the run ends; return its final state.

        Raises:
            ClientError: The run did not end in time, asks something that ``answers`` lacks, or refuses an answer again
                and again.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            states = self.users["datateam"].tasks(run_id)
            watch(states)
            for each in states:
                if each.state == "awaiting_input":
                    if each.task_id not in answers:
                        raise ClientError(f"「{each.title}」に答える人がいません。", "回答の台本を確認してください。")
                    self._require_accepted(round_id, each)
                    answers[each.task_id](self, run_id, round_id)
            state = self.users["datateam"].run_state(run_id)
            if state in {"success", "failed"}:
                watch(self.users["datateam"].tasks(run_id))
                return state
            time.sleep(1.0)
        raise ClientError("回が時間内に終わりません。", "Airflowの画面で、止まっている工程を確認してください。")

    def _require_accepted(self, round_id: str, task: TaskState) -> None:
        """Give up where the same answer would be refused for ever."""
        refused = [
            each for each in standing(self.register.entries(round_id), AnswerRefused) if each.step == task.task_id
        ]
        if len(refused) >= _MOST_REFUSALS:
            raise ClientError(
                f"「{task.title}」の回答が受理されません：{'、'.join(refused[-1].reasons)}",
                "回答の台本を確認してください。",
            )

    def command(self, *arguments: str, descriptors: tuple[int, ...] = ()) -> None:
        """Run ``mailround`` in the local Airflow's environment.

        Raises:
            CalledProcessError: It failed.
        """
        command = [sys.executable, "-m", "mailround.cli", *arguments]
        subprocess.run(  # noqa: S603 - our own command
            command, env=self.environment, pass_fds=descriptors, check=True, capture_output=True
        )

    def paper(self, *arguments: str) -> None:
        """Run a command that prints, into a file that is thrown away.

        Raises:
            CalledProcessError: It failed.
        """
        with TemporaryFile(dir=self.airflow.home) as paper:  # without a name: rounds are driven side by side
            self.command(*arguments, "--fd", str(paper.fileno()), descriptors=(paper.fileno(),))

    def entry(self, round_id: str, kind: type[B]) -> B:
        """Return the latest register body of a kind.

        Raises:
            ClientError: There is none.
        """
        found = latest(self.register.entries(round_id), kind)
        if found is None:
            raise ClientError(f"管理簿に「{kind.title}」の記録がありません。", "前の工程を確認してください。")
        return found


Answers = Mapping[str, Callable[[Driver, str, str], None]]


def decide_holds(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer, who did not start the round, releases the protected; then the data team goes on without the rest."""
    holds = load_holds(load_round(driver.settings, round_id))
    protected = sorted(holds.by_rule.get("P03", ()))
    nothing: dict[str, Any] = {
        "rule": "",
        "case_nos": "",
        "reason": UNCHOSEN,
        "reference": "",
        "change_acknowledged": False,
    }
    if protected:
        driver.users["officer"].answer(
            run_id,
            "decide_holds",
            RELEASE,
            **nothing
            | {
                "rule": "P03",
                "case_nos": " ".join(protected),
                "reason": "送付先を二人で確認済み",
                "reference": "8新福生第900号",
            },
        )
        return
    changed = driver.entry(round_id, QualityChecked).change_exceeded  # against a round closed on the same Airflow
    driver.users["datateam"].answer(run_id, "decide_holds", GO_ON, **nothing | {"change_acknowledged": changed})


def approve(driver: Driver, run_id: str, _: str) -> None:
    """The second division approves."""
    driver.users["approver"].answer(run_id, "approve_release", "承認")


def hand_over_media(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer makes the disc ready and hands it over, now."""
    fields = make_media_ready(driver, round_id)
    driver.users["officer"].answer(
        run_id, "record_media_handover", "記録する", handed_over_at=datetime.now(TOKYO).isoformat(), **fields
    )


def make_media_ready(driver: Driver, round_id: str) -> dict[str, Any]:
    """Make the image, check it as if it were the burned disc, print the sheet; return what stands on that, and more.

    Everything that the form of the handover asks for but the moment. The number is of the second: a number is given
    once, and a ward of the demonstration may see several rounds.

    Raises:
        CalledProcessError: The round is not approved.
    """
    media_no = f"DVD-{datetime.now(TOKYO):%m%d%H%M%S}"
    driver.command("media", "image", round_id)
    image = image_path(driver.settings, round_id)
    driver.command("media", "check", str(image), "--round-id", round_id, "--media-no", media_no)
    driver.paper("handover-sheet", round_id, "media")
    sealed = driver.entry(round_id, Sealed)
    return {
        "giver": "officer",
        "receiver": "C-001",
        "media_no": media_no,
        "quantity": 1,
        "pieces": sealed.pieces,
        "pages": sealed.pages,
        "place": "本庁舎1階 窓口3",
        "bag_no": "BAG-01",
        "locked": True,
        "storage": "耐火金庫1",
    }


def hand_over_password(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer makes the notice ready, waits for the second occasion, and hands it over."""
    fields = make_password_ready(driver, round_id)
    media = driver.entry(round_id, MediaHandedOver)
    occasion = media.handed_over_at + timedelta(minutes=1)
    time.sleep(max(0.0, (occasion - datetime.now(TOKYO)).total_seconds()))
    driver.users["officer"].answer(
        run_id, "record_password_handover", "記録する", handed_over_at=datetime.now(TOKYO).isoformat(), **fields
    )


def make_password_ready(driver: Driver, round_id: str) -> dict[str, Any]:
    """Print the notice and its sheet; return all that the form of the handover asks for but the moment.

    A notice that is printed stays the one to hand over, when the question is put once more.

    Raises:
        CalledProcessError: The medium is not handed over.
    """
    if latest(driver.register.entries(round_id), PasswordNoticeIssued) is None:
        driver.paper("password-notice", round_id)
    driver.paper("handover-sheet", round_id, "password")
    return {
        "giver": "officer",
        "receiver": "C-001",
        "notice_no": driver.entry(round_id, PasswordNoticeIssued).notice_no,
        "copy_no": 1,
        "place": "委託先1階受付",
        "bag_no": "BAG-02",
        "locked": True,
        "storage": "耐火金庫2",
    }


def record_receipt(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer records that the contractor has counted what was handed over."""
    sealed = driver.entry(round_id, Sealed)
    driver.users["officer"].answer(
        run_id,
        "record_receipt",
        "記録する",
        receiver="C-001",
        received_at=datetime.now(TOKYO).isoformat(),
        discs=driver.entry(round_id, MediaHandedOver).quantity,
        pieces=sealed.pieces,
        pages=sealed.pages,
    )


def record_posting(driver: Driver, run_id: str, round_id: str, *, forgotten: int = 0) -> None:
    """The officer records that every piece but those pulled and those forgotten was posted today."""
    pulled = len(pulled_pieces(driver.register.entries(round_id)))
    driver.users["officer"].answer(
        run_id,
        "record_posting",
        "記録する",
        posted_on=datetime.now(TOKYO).date().isoformat(),
        withdrawn=pulled,
        spoiled=0,
        reprinted=0,
        posted=driver.entry(round_id, Sealed).pieces - pulled - forgotten,
    )


def record_returns(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer records that everything came back."""
    out = _out(driver, round_id)
    driver.users["officer"].answer(
        run_id,
        "record_returns",
        "記録する",
        discs=out["disc"],
        notices=out["notice"],
        withdrawn=out["withdrawn"],
        spoiled=out["spoiled"],
        elsewhere=0,
        reason=UNCHOSEN,
        reference="",
        received_by="officer",
        returned_on=datetime.now(TOKYO).date().isoformat(),
    )


def _out(driver: Driver, round_id: str) -> Counter[str]:
    """Return how many things of each sort are out of the house."""
    out: Counter[str] = Counter()
    for item in custody_items(driver.register.entries(round_id)):
        out[item.sort] += item.quantity
    return out


def certify_deletion(driver: Driver, run_id: str, round_id: str) -> None:
    """The officer records the contractor's certificate, which covers everything."""
    out = _out(driver, round_id)
    driver.users["officer"].answer(
        run_id,
        "record_deletion_certificate",
        "記録する",
        certificate_no="DEL-0001",
        responsible="C-001",
        method="物理破壊",
        deleted_on=datetime.now(TOKYO).date().isoformat(),
        discs=out["disc"],
        notices=out["notice"],
        paper=out["withdrawn"] + out["spoiled"],
        copies_included=True,
        spool_included=True,
        subcontractors_included=False,
    )


ANSWERS: Answers = {
    "decide_holds": decide_holds,
    "approve_release": approve,
    "record_media_handover": hand_over_media,
    "record_password_handover": hand_over_password,
    "record_receipt": record_receipt,
    "record_posting": record_posting,
    "record_returns": record_returns,
    "record_deletion_certificate": certify_deletion,
}
"""What everybody answers when nothing goes wrong."""


def sample_round(settings: Settings, *, households: int, seed: int, name: str) -> RoundParams:
    """Put a sample export into the inbox and return the params of a change-notice round over it, dated today."""
    now = datetime.now(TOKYO)
    export = write_sample(
        settings.inbox,
        name=name,
        households=households,
        seed=seed,
        layout=load_layout(settings.include, "shinjuku"),
        kind=load_round_kind(settings.include, "change_notice"),
        created_at=now,
    )
    return round_over(export.name, name, now)


def round_over(source: str, name: str, at: datetime) -> RoundParams:
    """Return the params of a change-notice round over an export, dated that day."""
    return RoundParams(
        round_id=f"{at:%Y-%m}-{name}",
        kind="change_notice",
        source=source,
        layout="shinjuku",
        contract="demo",
        extracted_by="datateam",
        issue_date=at.date(),
        posting_date=at.date(),
    )
