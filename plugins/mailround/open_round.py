"""Step 1: open a round, or refuse it before anything personal is read."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from mailround.approved_items import carried_items
from mailround.context import INDEX_KEY, ROUND_KEY, load_round
from mailround.contracts import Contract, load_contract
from mailround.errors import ConfigurationError, RoundRefusedError
from mailround.evaluation import contract_sha256, pass_gates, state_contract
from mailround.fonts import load_font
from mailround.gaiji import load_gaiji
from mailround.gates import ITEMS, OPENING, Carried, Evaluation
from mailround.layouts import load_layout
from mailround.model import Opened, RoundParams
from mailround.register.entries import ContractChanged, RoundOpened, latest
from mailround.register.store import Register
from mailround.rounds import RoundKind, load_round_kind
from mailround.settings import TOKYO, Settings
from mailround.template_check import check_templates
from mailround.templates import digest, load_templates
from mailround.vault import Vault
from mailround.workspace import Workspace

TITLES = {
    "round_id": "回の番号",
    "kind": "発送種別",
    "source": "データファイル",
    "layout": "データレイアウト",
    "contract": "契約",
    "extracted_by": "データの抽出者",
    "issue_date": "発行日",
    "posting_date": "発送予定日",
}
"""What the trigger form calls each param."""

_AS_OPENED = ("templates_sha256", "contract_sha256")
"""What a cleared round may find otherwise: `plan_print` refuses other templates, and another contract is recorded."""
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def open_round(
    settings: Settings, params: dict[str, object], *, run_id: str, triggered_by: str, at: datetime
) -> Opened:
    """Check the params, make the round's keys, and write the opening entry.

    The same run may open its round again (a cleared task); another run may not. A contract that was edited meanwhile
    (a new handler, say) must pass the gates again and is recorded: later steps go by the contract of their own day.
    Once the package is approved, nothing is looked at any more: a contract may have ended and the export be purged.

    Args:
        settings: The ward's settings.
        params: The trigger form's values, unchecked.
        run_id: The Airflow run.
        triggered_by: Who started the run; that person may not approve it later.
        at: The time of opening.

    Raises:
        RoundRefusedError: A param is malformed, the dates are out of order or the posting day of a new round is over,
            who extracted is no handler of the ward today, the source is outside the inbox or missing, or the round id
            is used.
        ConfigurationError: Unknown kind, layout or contract, no font, or a template with a fault.
        GateClosedError: A gate is closed on the posting day: that is recorded, and nothing else is done.
        RoundEndedError: A person has ended the round.
    """
    asked = _checked(params)
    register = Register(settings.register_url)
    before = latest(register.entries(asked.round_id), RoundOpened)
    if before and before.run_id == run_id and load_round(settings, asked.round_id).released(RoundOpened):
        return Opened(round_id=asked.round_id)
    kind = load_round_kind(settings.include, asked.kind)
    _require_sound_templates(settings, kind, asked)
    load_gaiji(settings.include, load_layout(settings.include, asked.layout))
    contract = load_contract(settings.include, asked.contract)
    if asked.issue_date > asked.posting_date:
        raise RoundRefusedError(
            f"発行日（{asked.issue_date}）が発送予定日（{asked.posting_date}）より後です。",
            "発行日は発送予定日以前の日付にしてください。",
        )
    if before is None and asked.posting_date < at.astimezone(TOKYO).date():
        raise RoundRefusedError(
            f"発送予定日（{asked.posting_date}）が過ぎています。",
            "送付先の期限は発送予定日で判断します。これから発送する日を入力してください。",
        )
    if before is None:
        _require_extractor(contract, asked, at)
    source_path(settings, asked.source)

    templates = load_templates(settings.include, kind)
    entry = RoundOpened(
        round_kind=asked.kind,
        source=asked.source,
        layout=asked.layout,
        contract=asked.contract,
        contract_sha256=contract_sha256(contract),
        issue_date=asked.issue_date,
        posting_date=asked.posting_date,
        triggered_by=triggered_by,
        run_id=run_id,
        templates_sha256=digest(templates),
        extracted_by=asked.extracted_by,
    )
    if before is not None and before != entry.model_copy(update=before.model_dump(include=set(_AS_OPENED))):
        raise RoundRefusedError(
            f"回の番号「{asked.round_id}」は既に使われています。", "別の番号で実行してください（例：末尾を変える）。"
        )
    carried = Carried(contract.approved_items.get(asked.kind), carried_items(templates.values()))
    found = Evaluation(asked.posting_date).ask(OPENING, contract).ask(ITEMS, carried)
    pass_gates(register, asked.round_id, "open_round", found, at=at)
    vault = Vault(settings.vault, settings.vault_identity)
    for name in (ROUND_KEY, INDEX_KEY):
        if before is None and not vault.holds(asked.round_id, name):
            vault.keep(asked.round_id, name, Workspace.new_key())
    if before is None:  # the templates of the first opening stay those of the round
        register.append(entry, round_id=asked.round_id, actor=triggered_by, at=at, once=True)
    known = latest(register.entries(asked.round_id), ContractChanged) or before or entry
    if known.contract_sha256 != entry.contract_sha256:
        changed = ContractChanged(contract=entry.contract, contract_sha256=entry.contract_sha256)
        register.append(changed, round_id=asked.round_id, actor="mailround", at=at)
    state_contract(register, asked.round_id, contract, asked.kind, at=at)
    return Opened(round_id=asked.round_id)


def source_path(settings: Settings, source: str) -> Path:
    """Return the export's path.

    Raises:
        RoundRefusedError: It does not lie inside the inbox, or does not exist.
    """
    inbox = settings.inbox.resolve()
    path = (inbox / source).resolve()
    if not _SOURCE.fullmatch(source) or not path.is_relative_to(inbox):
        raise RoundRefusedError(
            "指定されたファイルは受信フォルダの外、または使えない名前です。",
            "受信フォルダからの相対パスを英数字で指定してください（例：2026-11/export.csv）。",
        )
    if not path.is_file():
        raise RoundRefusedError(
            "指定されたファイルが受信フォルダにありません。",
            "ファイル名と置き場所を確かめて、もう一度実行してください。",
        )
    return path


def _require_extractor(contract: Contract, asked: RoundParams, at: datetime) -> None:
    """Who took the export out of the welfare system must be designated (control 4), and may not approve it later."""
    day = at.astimezone(TOKYO).date()
    if not any(each.id == asked.extracted_by and each.valid_on(day) for each in contract.ward_handlers):
        raise RoundRefusedError(
            f"「{TITLES['extracted_by']}」は、{day} に有効な区の取扱者ではありません（点検表4）。",
            "業務システムからデータを出力した人の、契約に登録された取扱者IDを入力してください。",
        )


def _require_sound_templates(settings: Settings, kind: RoundKind, asked: RoundParams) -> None:
    found = check_templates(settings.include, [kind], font=load_font(settings), issue_date=asked.issue_date)
    if found:
        told = "".join(f"\n・{fault.template}：{fault.problem}" for fault in found)
        raise ConfigurationError(
            f"様式に{len(found)}件の誤りがあり、回を始められません。{told}",
            "include/templates を直し、`mailround templates check` で誤りがないことを確かめてください。",
        )


def _checked(params: dict[str, object]) -> RoundParams:
    try:
        return RoundParams.model_validate(params)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors()}
        fields = "、".join(TITLES.get(name, "画面にない項目") for name in sorted(wrong))
        raise RoundRefusedError(
            f"入力に誤りがあります：{fields}。",
            "回の番号は「2026-11-change」の形、日付は「2026-11-30」の形で入力してください。",
        ) from None
