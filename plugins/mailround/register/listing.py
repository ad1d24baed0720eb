"""The register for people's eyes: a list in Japanese, and exports as CSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import rfc8785

from mailround.errors import RegisterError
from mailround.private_files import replacing
from mailround.register.chain import Stored, follow
from mailround.register.entries import HOUSE, AnyBody, Entry
from mailround.settings import TOKYO

LABELS = {
    "access_report_sha256": "アクセス点検報告書のSHA-256",
    "acknowledged_at": "回答日時（抜取り）",
    "acknowledged_by": "回答者（委託先）",
    "action": "処理",
    "algorithm": "暗号化方式",
    "answered_at": "回答日時",
    "approval_days": "承認の有効日数",
    "attested_on": "確認日",
    "bag_no": "鍵付きカバン番号",
    "bundles": "束数",
    "bytes": "バイト数",
    "carried": "記載項目",
    "cases": "解除した世帯",
    "certificate_no": "消去証明書番号",
    "change_acknowledged": "前回からの増減の確認",
    "change_exceeded": "前回からの大きな増減",
    "characters": "文字種",
    "checked_sha256": "検査結果のSHA-256",
    "checkpoint": "検証点",
    "chunks": "分冊数",
    "closed": "満たさない前提条件",
    "contacts": "知らせた緊急連絡先",
    "contacts_verified_on": "緊急連絡先の確認日",
    "contract": "契約",
    "contract_sha256": "契約設定のSHA-256",
    "contractor": "委託先",
    "control": "点検項目",
    "copies_included": "複製・一時データを含む",
    "copy_no": "何部目",
    "corrects": "訂正する番号",
    "counter": "窓口交付",
    "counts": "利用者ごとの回数",
    "created_at": "データの作成日時",
    "day": "基準日",
    "days_after_posting": "発送から消去までの日数",
    "deleted_on": "消去日",
    "delivery_offices_sha256": "配達局の一覧のSHA-256",
    "discs": "媒体の枚数",
    "done_on": "提出日",
    "due": "消去期限",
    "elsewhere": "返却によらない数",
    "encrypted": "暗号化されていた",
    "entries": "検証した記録の数",
    "excluded": "対象外",
    "export_sha256": "原本のSHA-256",
    "exports": "廃棄した原本（受信フォルダ）",
    "extracted_by": "抽出者",
    "files": "廃棄ファイル数",
    "final_by": "確報の期限",
    "findings": "指摘",
    "fingerprint": "署名鍵の指紋",
    "first": "最初の分冊",
    "flow_version": "作業の流れの版",
    "font_sha256": "字体のSHA-256",
    "giver": "引渡者",
    "go_on": "続行",
    "handed_over": "引渡通数",
    "handed_over_at": "引渡日時",
    "head": "末尾のハッシュ",
    "held": "保留",
    "incident_no": "事故番号",
    "issue_date": "発行日",
    "item": "対象の物",
    "items": "対象の物の一覧",
    "items_version": "承認項目の版",
    "judgement": "判断",
    "keys": "廃棄した鍵",
    "last": "最後の分冊",
    "last_round_id": "比べた前回",
    "layout": "レイアウト",
    "locked": "施錠",
    "malicious": "不正の目的",
    "manifest_sha256": "目録のSHA-256",
    "media_no": "媒体番号",
    "media_returned": "媒体の返却",
    "members": "ファイル数",
    "method": "消去方法",
    "month": "対象月",
    "notice_no": "通知書番号",
    "notice_returned": "通知書の返却",
    "noticed_at": "覚知日時",
    "notices": "通知書の部数",
    "on": "通知日",
    "outcome": "結果",
    "output": "出力先",
    "package_sha256": "パッケージのSHA-256",
    "page": "頁",
    "pages": "頁数",
    "passed": "満たす前提条件",
    "piece_id": "封書の番号",
    "piece_ids": "封書の番号の一覧",
    "pieces": "通数",
    "place": "引渡し場所",
    "plan_sha256": "印刷計画のSHA-256",
    "postable_until": "送付先の最も早い期限",
    "posted": "発送通数",
    "posted_on": "発送日",
    "posting_date": "発送予定日",
    "preliminary_by": "速報の期限",
    "printable": "印刷対象",
    "privacy_mark": "プライバシーマーク",
    "privacy_mark_expires": "プライバシーマークの期限",
    "proof_sha256": "見本のSHA-256",
    "provisions_version": "特記事項の版",
    "public_key": "公開鍵",
    "pulled": "抜き取った封書",
    "quantity": "数量",
    "reason": "理由",
    "reasons": "理由",
    "received_at": "受領日時",
    "received_by": "返却の受領者",
    "receiver": "受領者",
    "records_sha256": "取込結果のSHA-256",
    "reference": "起案・記録の番号",
    "released": "解除済み",
    "releases_sha256": "保留の解除のSHA-256",
    "remaining": "残存ファイル",
    "remind_days_before": "期限前にお知らせする日数",
    "return_days": "発送から返却までの日数",
    "report_by": "報告期限",
    "report_json_sha256": "証跡報告書（JSON）のSHA-256",
    "report_pdf_sha256": "証跡報告書（PDF）のSHA-256",
    "report_sha256": "証跡報告書のSHA-256",
    "reprinted": "再印刷",
    "request_no": "抜取りの依頼番号",
    "requested_by": "依頼者",
    "responsible": "責任者",
    "returned_on": "戻った日",
    "round_kind": "発送種別",
    "rows": "件数",
    "rows_before": "前回の件数",
    "rule": "検査",
    "run_id": "実行番号",
    "sha256": "SHA-256",
    "signature": "署名",
    "signed_at": "署名日時",
    "source": "データファイル",
    "spoiled": "破損",
    "spool_included": "印刷待ちデータを含む",
    "step": "工程",
    "storage": "保管場所",
    "subcontractors": "再委託先",
    "subcontractors_included": "再委託先を含む",
    "subjects": "指摘のある利用者",
    "templates_sha256": "様式のSHA-256",
    "term_end": "契約の終了日",
    "term_start": "契約の開始日",
    "too_late": "間に合わなかった封書",
    "total_after": "支給額合計",
    "total_before": "前回の支給額合計",
    "triggered_by": "開始者",
    "unknown_headers": "未知の列数",
    "users": "利用者と役割",
    "valid_until": "有効期限",
    "viewed_at": "閲覧日時",
    "viewer": "閲覧者",
    "warned": "注意",
    "what": "事故の種類",
    "withdrawal_pieces": "抜取り（回答の合計）",
    "withdrawn": "抜取り",
}
"""The Japanese name of every field of every body; the same name means the same in all of them."""

_GATES = {
    "addresses_current": "送付先の期限内",
    "approval_fresh": "承認の有効期間内",
    "contacts_verified": "緊急連絡先の確認",
    "contract_in_term": "契約の期間内",
    "deletion_not_overdue": "消去証明の期限超過なし",
    "export_recent": "データの期限内",
    "flow_acknowledged": "作業の流れの確認",
    "handlers_designated": "取扱者の指定",
    "items_approved": "渡す項目の承認",
    "no_open_incident": "対応中の事故なし",
    "nothing_done_anew": "前の工程のやり直しなし",
    "package_unchanged": "パッケージの変更なし",
    "privacy_mark_valid": "プライバシーマークの有効期限内",
    "release_approved": "引渡しの承認",
    "responsible_designated": "責任者の指定",
    "subcontractors_approved": "再委託先の承認",
    "two_divisions": "承認者は別の課",
}
STEPS = {
    "acknowledge_withdrawal": "抜取りの結果",
    "approve_release": "引渡し承認",
    "check_quality": "データ検査",
    "close_incident": "対応の終了",
    "close_round": "回の完了",
    "decide_holds": "保留の判断",
    "deletion_due_reminder": "消去期限のお知らせ",
    "extract": "データ取込",
    "open_round": "回の開始",
    "plan_print": "印刷計画",
    "purge": "区側データの廃棄",
    "record_deletion_certificate": "消去証明の受領",
    "record_final_report": "確報の記録",
    "record_media_handover": "媒体の引渡し",
    "record_password_handover": "パスワード通知書の引渡し",
    "record_posting": "発送の記録",
    "record_preliminary_report": "速報の記録",
    "record_receipt": "受領の確認",
    "record_returns": "現物の返却",
    "render": "通知書作成",
    "seal": "封緘（暗号化）",
    "settle_returned_mail": "返戻の処理",
    "sign_access_review": "署名",
    "verify": "全頁照合",
}
"""The Japanese title of every step that an entry may name, as on the screen."""
_CODES: dict[str, dict[str, str]] = {
    "output": {"terminal": "画面", "xlsx": "表計算ファイル", "console": "コンソール"},
    "item": {"media": "媒体", "password": "パスワード通知書"},
    "step": STEPS | {"preliminary": "速報", "final": "確報"},
    "passed": _GATES,
    "closed": _GATES,
}
"""The Japanese words for what a field says in a word of the program; what an earlier version said stays as it is."""

COLUMNS = ("番号", "日時", "取扱者", "回", "種別", "内容", "本文（JSON）", "前のハッシュ", "ハッシュ")
BOM = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for something else."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as a person reads it; ``at`` is Tokyo time."""

    seq: int
    at: str
    actor: str
    round_id: str
    title: str
    content: str


def rows(entries: Iterable[Entry]) -> tuple[Row, ...]:
    """Return the entries for a list, in their order."""
    return tuple(map(row_of, entries))


def row_of(entry: Entry) -> Row:
    """Return an entry for a list."""
    return Row(
        seq=entry.seq,
        at=datetime.fromisoformat(entry.at).astimezone(TOKYO).strftime("%Y-%m-%d %H:%M:%S"),
        actor="自動" if entry.actor == "mailround" else entry.actor,
        round_id="共通" if entry.round_id == HOUSE else entry.round_id,
        title=entry.body.title,
        content=content(entry.body),
    )


def content(body: AnyBody) -> str:
    """Return what a body says, ``通数 8,412、頁数 8,450 …``, and what it does not prove where that must be said."""
    values = {name: getattr(body, name) for name in type(body).model_fields if name != "kind"}
    said = "、".join(f"{LABELS[name]} {_words(_meant(name, value))}" for name, value in values.items())
    said = said.replace("。、", "。").replace("。・", "。")  # what a person was told is whole sentences
    return f"{said}。（注）{body.caution}" if body.caution else said


def _meant(name: str, value: object) -> object:
    """Return a field's value with Japanese words for those of the program."""
    codes = _CODES.get(name, {})
    if isinstance(value, tuple):
        return tuple(codes.get(each, each) for each in value)
    return codes.get(value, value) if isinstance(value, str) else value


def export(entries: Iterable[Entry], target: Path) -> None:
    """Write the entries to a 0600 file: ``.csv`` for a spreadsheet, ``.jsonl`` with everything the chain needs.

    Raises:
        RegisterError: The file's suffix is neither.
    """
    if target.suffix not in (".csv", ".jsonl"):
        raise RegisterError(
            "書き出すファイルの種類が分かりません。", "ファイル名の末尾を .csv または .jsonl にしてください。"
        )
    lines = csv_lines(entries) if target.suffix == ".csv" else json_lines(entries)
    with replacing(target) as file:
        file.writelines(line.encode("utf-8") for line in lines)


def read_export(text: str) -> tuple[Stored, ...]:
    """Return the rows of an export of the whole register as JSON Lines.

    Raises:
        RegisterError: It is none, was changed since, or holds one round alone.
    """
    try:
        lines = [json.loads(line) for line in text.splitlines()]
        export_rows = tuple(Stored(**line | {"body": rfc8785.dumps(line["body"]).decode("utf-8")}) for line in lines)
    except (ValueError, TypeError, KeyError):
        export_rows = ()
    whole, broken = follow(export_rows)
    if broken is not None or not export_rows:
        where = f"第{whole.entries + 1}号で連鎖が切れています" if broken else "書式が違います"
        raise RegisterError(
            f"書き出した控えを使えません（{where}）。",
            "`mailround register export` で、回を絞らずに .jsonl に書き出した控えを指定してください。",
        )
    return export_rows


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the entries as a file for a spreadsheet, in which no cell is a formula, a line at a time."""
    yield BOM + _csv_line(COLUMNS)
    for entry in entries:
        row = row_of(entry)
        cells = (row.at, row.actor, row.round_id, row.title, row.content, entry.text, entry.previous, entry.hash)
        yield _csv_line([str(entry.seq), *map(_harmless, cells)])


def json_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the entries with everything the chain needs, one a line; `read_export` reads it."""
    for entry in entries:
        line = asdict(entry) | {"body": json.loads(entry.text)}
        del line["text"]
        yield json.dumps(line, ensure_ascii=False) + "\n"


def _csv_line(cells: Sequence[str]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from reading text as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _words(value: object) -> str:
    match value:
        case bool():
            words = "はい" if value else "いいえ"
        case int():
            words = f"{value:,}"
        case datetime():
            words = value.astimezone(TOKYO).strftime("%Y-%m-%d %H:%M")
        case dict():
            words = "・".join(f"{key}={count:,}" for key, count in value.items())
        case tuple():
            words = "・".join(map(_words, value))
        case _:
            words = "" if value is None else str(value)
    return words or "なし"
