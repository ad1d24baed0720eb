"""What a step works on: one round with its configuration and its edges, found again by the round id alone.

The params of a round stand in the register's opening entry, so a task, the CLI and a run restarted months later all
see the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from mailround.contracts import Contract, load_contract
from mailround.errors import GateClosedError, RoundEndedError, RoundRefusedError
from mailround.layouts import Layout, load_layout
from mailround.register.entries import (
    HOUSE,
    B,
    Correction,
    Entry,
    HoldsDecided,
    ReleaseApproved,
    ReleaseRefused,
    RoundEnded,
    RoundOpened,
    Sealed,
    latest,
    standing,
)
from mailround.register.search import Wanted, name
from mailround.register.store import Register
from mailround.rounds import RoundKind, load_round_kind
from mailround.settings import Settings
from mailround.vault import Vault
from mailround.workspace import Workspace

ROUND_KEY = "round-key"
"""Vault name of the key of the workspace; destroyed by the purge."""
INDEX_KEY = "index-key"
"""Vault name of the key of the piece index; destroyed by close_round."""
PASSWORD = "package-password"  # noqa: S105 - the name of a secret, not a secret
"""Vault name of the package's password; destroyed once its notice is handed over, by the purge at the latest."""


class Work(Protocol):
    """What a form is about: a round, or the house."""

    @property
    def round_id(self) -> str:
        """Under which the register keeps what is said of it."""
        ...

    @property
    def settings(self) -> Settings:
        """The ward's."""
        ...

    @property
    def register(self) -> Register:
        """The one register."""
        ...

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its entries, read afresh."""
        ...

    @property
    def run_id(self) -> str:
        """The Airflow run that works on it."""
        ...

    @property
    def title(self) -> str:
        """What messages call it, in Japanese."""
        ...

    @property
    def designates(self) -> str:
        """What designates the people who may answer, in Japanese."""
        ...


@dataclass(frozen=True)
class HouseContext:
    """The house, for what is about no round; ``run_id`` is the Airflow run that works on it."""

    settings: Settings
    register: Register
    run_id: str
    round_id: str = HOUSE
    title: str = "「共通」"
    designates: str = "契約"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The house's register entries, read afresh."""
        return self.register.entries(HOUSE)


@dataclass(frozen=True)
class RoundContext:
    """One opened round."""

    round_id: str
    opened: RoundOpened
    settings: Settings
    kind: RoundKind
    contract: Contract
    layout: Layout
    register: Register
    vault: Vault
    run_id: str = ""
    """The Airflow run that works on it: a request or a batch of returned mail is told by who made it; empty outside."""

    @cached_property
    def workspace(self) -> Workspace:
        """The encrypted workspace.

        Raises:
            VaultError: The round key is destroyed.
        """
        return Workspace(self.settings.data / self.round_id, self.vault.open(self.round_id, ROUND_KEY))

    @property
    def title(self) -> str:
        """What messages call it."""
        return f"回「{self.round_id}」"

    @property
    def designates(self) -> str:
        """What designates the people who may answer."""
        return f"契約「{self.contract.name}」"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The round's register entries, read afresh."""
        return self.register.entries(self.round_id)

    def released(self, kind: type[B], **group: int) -> B | None:
        """Return what the register says of an automatic step once a person has approved the package, else None.

        From the approval on, records, plan and pages are evidence of what was approved. A step that is cleared later
        gives back the reference that stands and touches no file, so that the run comes back to where it was. An
        approval of any other than the last sealed package stands for nothing.

        Args:
            kind: The step's body.
            group: The fields that tell apart what was done in groups (``first`` and ``last`` chunk).

        Raises:
            RoundEndedError: A person ended the round; no step of it may be done again.
            GateClosedError: The package is approved although the step is not recorded.
        """
        entries = self.entries
        holds = latest(entries, HoldsDecided)
        stopped = holds is not None and not holds.go_on
        if stopped or latest(entries, ReleaseRefused) or latest(entries, RoundEnded):
            raise RoundEndedError(
                f"回「{self.round_id}」は中止と決まっているため、工程をやり直せません。",
                "新しい回の番号で始めてください。廃棄が途中の場合は、中止を選んだ工程だけを Clear してください。",
            )
        approved, sealed = latest(entries, ReleaseApproved), latest(entries, Sealed)
        if approved is None or sealed is None or approved.package_sha256 != sealed.sha256:
            return None
        done = [each for each in standing(entries, kind) if group.items() <= vars(each).items()]
        if not done:
            raise GateClosedError(
                f"承認済みの回「{self.round_id}」に「{kind.title}」の記録がありません。",
                "管理簿と Airflow の実行履歴を突き合わせ、システム担当へ連絡してください。",
            )
        return done[-1]


def load_round(settings: Settings, round_id: str, run_id: str = "") -> RoundContext:
    """Find an opened round again, for the Airflow run of that id.

    Raises:
        RoundRefusedError: The register knows no such round.
    """
    register = Register(settings.register_url)
    kinds = (name(RoundOpened), name(Correction))  # a round may have thousands of others
    opened = latest(register.each(Wanted(round_id=round_id, kinds=kinds)), RoundOpened)
    if opened is None:
        raise RoundRefusedError(
            f"回「{round_id[:24]}」は管理簿にありません。", "回の番号を確かめてください（例：2026-11-change）。"
        )
    return RoundContext(
        round_id=round_id,
        opened=opened,
        settings=settings,
        kind=load_round_kind(settings.include, opened.round_kind),
        contract=load_contract(settings.include, opened.contract),
        layout=load_layout(settings.include, opened.layout),
        register=register,
        vault=Vault(settings.vault, settings.vault_identity),
        run_id=run_id,
    )
