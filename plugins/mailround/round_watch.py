"""The watch over the work: what is newly wrong is told once, then daily while it lasts, and once when it is over.

What was told stands in a file of the data folder. The register is for evidence, and Airflow's own records are what is
watched. The same file tells whoever looks from outside when the watch last looked, and what it saw (`reasons`): a watch
that runs inside Airflow cannot tell that Airflow stands still.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict

from mailround import unsent
from mailround.errors import MailroundError
from mailround.private_files import read, replacing
from mailround.settings import TOKYO, Location, Settings
from mailround.watch import Finding, Seen, find, is_of_work, load_limits

EVERY = timedelta(minutes=15)
"""How often the DAG looks."""
SILENT = timedelta(minutes=40)
"""Two looks that did not come, and what a third may be late."""
_AGAIN = timedelta(days=1)


class Remembered(BaseModel):
    """A finding: what it said last, since when it is seen, when it was last told of (None: not yet).

    ``over``: it is no more, and that is still to be told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    since: AwareDatetime
    told: AwareDatetime | None = None
    over: bool = False


class Memory(BaseModel):
    """When the watch last looked, and what it found, by key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    looked: AwareDatetime
    findings: dict[str, Remembered]


def watch(settings: Settings, seen: Seen, send: unsent.Send) -> int:
    """Send the mails that wait, then tell what is new, what lasts for a day, and what is over; return how many last.

    The mail goes first and is remembered second: after a crash in between it goes again.

    Raises:
        ConfigurationError: The limits cannot be read.

    Raises what ``send`` raises: nothing counts as told then.
    """
    before = _read(settings)
    known = before.findings if before else {}
    now = {
        finding.key: known.get(finding.key, Remembered(line="", since=seen.at)).model_copy(
            update={"line": str(finding), "over": False}
        )
        for finding in find(seen, load_limits(settings.include))
    }
    if isinstance(seen.work, MailroundError):  # what cannot be seen is not over
        now = {key: each for key, each in known.items() if is_of_work(key)} | now
    over = {key: each.model_copy(update={"over": True}) for key, each in known.items() if key not in now and each.told}
    _write(settings, Memory(looked=seen.at, findings=now | over))  # for whoever looks from outside, mail or no mail
    unsent.deliver(settings, send)
    new = {key for key, each in now.items() if each.told is None}
    lasting = {key for key, each in now.items() if each.told and seen.at - each.told >= _AGAIN}
    if new or lasting or over:
        sender = settings.alert_from.rpartition("@")[2]
        send(
            f"見回り：新しい指摘{len(new)}件、続いている指摘{len(lasting)}件、解消{len(over)}件",
            "\n".join(_text(now, new, lasting, over.values(), seen.at)),
            message_id=f"<watch.{seen.at.timestamp():.0f}@{sender}>",
        )
    told = {
        key: each.model_copy(update={"told": seen.at}) if key in new | lasting else each for key, each in now.items()
    }
    _write(settings, Memory(looked=seen.at, findings=told))
    return len(told)


def reasons(settings: Settings, short_of_space: Iterable[Finding], *, at: datetime) -> tuple[str, ...]:
    """Return in Japanese why not all is well, for whoever looks from outside of Airflow; nothing when all is.

    That the watch has looked says that API server, scheduler, queue and a worker were there: it needs them all.
    """
    memory = _read(settings)
    told: list[str] = []
    if memory is None:
        told.append(
            "見回り（round_watch）がまだ一度も行われていません。【対応】Airflowが動いているか確かめてください。"
        )
    elif at - memory.looked > SILENT:
        told.append(
            f"見回り（round_watch）が {_moment(memory.looked)} から行われていません。"
            "【対応】スケジューラ・作業者（worker）・APIサーバー・DAGプロセッサが動いているか、"
            "round_watch が一時停止されていないか、確かめてください。"
        )
    if memory:
        told += [each.line for key, each in memory.findings.items() if not (each.over or key.startswith("disk/"))]
    told += [str(finding) for finding in short_of_space]
    if mails := unsent.waiting(settings):
        told.append(
            f"失敗を知らせるメールが{len(mails)}通、{_moment(mails[0].since)} から送れずに待っています。"
            "【対応】メールサーバーと接続 smtp_default を確かめてください。直れば、次の見回りが送ります。"
        )
    return tuple(told)


def _text(
    now: dict[str, Remembered], new: set[str], lasting: set[str], over: Iterable[Remembered], at: datetime
) -> Iterator[str]:
    yield f"{_moment(at)} の見回りです。"
    yield from (f"【新しい】{each.line}" for key, each in now.items() if key in new)
    yield from (f"【{_moment(each.since)} から】{each.line}" for key, each in now.items() if key in lasting)
    for each in over:
        what, _, _ = each.line.partition("。【対応】")
        yield f"【解消】{what}（{_moment(each.since)} から）"
    yield "続く間は一日に一度、解消したら一度、お知らせします。"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(TOKYO):%Y-%m-%d %H:%M}"


def _path(settings: Settings) -> Location:
    return settings.data / "watch.json"


def _read(settings: Settings) -> Memory | None:
    try:
        return Memory.model_validate_json(read(_path(settings)))
    except FileNotFoundError:
        return None


def _write(settings: Settings, memory: Memory) -> None:
    with replacing(_path(settings)) as file:
        file.write(memory.model_dump_json().encode("utf-8"))
