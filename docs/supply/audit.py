"""`make audit`: ask pip-audit about every locked package; green only when each of them was really looked at.

pip-audit calls "not found" a skip and ends with 0, so that a network that answers nothing makes a green audit. Here the
answer is counted against the lock. Exit 0: all looked at, nothing found; 1: findings; 2: not all were looked at.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCKS = tuple(ROOT / name for name in ("requirements.txt", "requirements-dev.txt", "benchmarks/requirements.txt"))
IGNORED = Path(__file__).with_name("ignored.yaml")
FOUND, NOT_LOOKED_AT = 1, 2


class NotAuditedError(Exception):
    """pip-audit gave no answer; the text is its last line."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """An advisory that somebody decided to live with, up to and including a day."""

    id: str
    reason: str
    until: date


def load_ignored(path: Path) -> list[Ignored]:
    """Read the decisions.

    Raises:
        TypeError: An entry has not exactly the three fields.
    """
    return [Ignored(**each) for each in yaml.safe_load(path.read_text(encoding="utf-8")) or ()]


def locked(lock: Path) -> set[str]:
    """Return the names that a lock pins."""
    return set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE))


def ask(lock: Path, service: list[str]) -> list[dict[str, Any]]:
    """Return what pip-audit says of each package of a lock.

    Raises:
        NotAuditedError: It ended without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [
            Path(sys.executable).with_name("pip-audit"),
            "--requirement",
            lock,
            "--require-hashes",
            "--disable-pip",
        ]
        command += [
            "--progress-spinner",
            "off",
            "--format",
            "json",
            "--output",
            answer,
            "--cache-dir",
            folder,
            *service,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if not answer.is_file():
            raise NotAuditedError((done.stderr.strip().splitlines() or ["?"])[-1])
        found: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
        return found


def answers(locks: tuple[Path, ...], service: list[str]) -> dict[Path, list[dict[str, Any]]]:
    """Ask about every lock; one without an answer is told of and has an empty list."""
    given: dict[Path, list[dict[str, Any]]] = {}
    for lock in locks:
        try:
            given[lock] = ask(lock, service)
        except NotAuditedError as error:
            print(f"{lock.name}：pip-audit が答えを出せませんでした（{error}）")
            given[lock] = []
    return given


def judge(given: dict[Path, list[dict[str, Any]]], ignored: list[Ignored], today: date) -> int:
    """Print what was looked at and what was found; return the exit code."""
    names = {lock: locked(lock) for lock in given}
    total = sum(map(len, names.values()))
    looked = sum(
        len(names[lock] & {one["name"] for one in all_ if "skip_reason" not in one}) for lock, all_ in given.items()
    )
    standing = {each.id: each for each in ignored if each.until >= today}
    findings, used = 0, set()
    for lock, all_ in given.items():
        for each in all_:
            for found in each.get("vulns", ()):
                ids = {found["id"], *found["aliases"]}
                used |= ids & set(standing)
                if ids & set(standing):
                    continue
                findings += 1
                fixed = "、".join(found["fix_versions"]) or "まだない"
                print(f"{lock.name}：{each['name']} {each['version']} に {'／'.join(sorted(ids))}。直った版：{fixed}")
    for each in ignored:
        if each.id in used:
            print(f"{each.id} は {each.until} まで見送り：{each.reason}")
        elif each.until < today:
            print(f"{each.id} の見送りは {each.until} で切れています。ignored.yaml を直してください。")
        elif looked == total:
            print(f"{each.id} はもう見つかりません。ignored.yaml から除いてください。")
    print(f"{total} 個のうち {looked} 個を調べ、指摘は {findings} 件です。")
    if looked < total:
        print(
            f"{total - looked} 個は調べられていません。脆弱性の情報（PyPI または OSV）に届く機械で実行するか、"
            "make audit OSV=写しのURL で写しのあるところを指定してください。"
            "読むのは固定ファイルだけなので、業務の機械でなくても構いません。"
        )
    if findings:
        print("直った版があれば make upgrade で入れます。なければ影響を確かめ、ignored.yaml に理由と期日を書きます。")
        return FOUND
    return NOT_LOOKED_AT if looked < total else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--osv", default="", help="address of an OSV service to ask instead of PyPI")
    parser.add_argument("--ignored", type=Path, default=IGNORED)
    parser.add_argument("locks", nargs="*", type=Path, default=LOCKS)
    given = parser.parse_args()
    service = ["--vulnerability-service", "osv", "--osv-url", given.osv] if given.osv else []
    today = datetime.now(ZoneInfo("Asia/Tokyo")).date()
    return judge(answers(tuple(given.locks), service), load_ignored(given.ignored), today)


if __name__ == "__main__":
    sys.exit(main())
