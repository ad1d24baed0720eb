"""The installation's doctor: what must be true of the house, each one row: (facts) → a reason, or None.

A row says what is looked at and what to do about it. `house` finds the facts; nothing here touches the world, and no
reason repeats a password, a key or a whole URL. What a demonstration on one machine cannot have (docs/adr/0026) is let
pass there, and shown.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePath
from urllib.parse import parse_qs, unquote, urlsplit

from mailround.errors import HouseError

MAX_CLOCK_SECONDS = 5.0
_LEAST_PASSWORD = 12
_LEAST_SECRET_BYTES = {"[api_auth] jwt_secret": 64, "[api] secret_key": 16, "[core] fernet_key": 44}
_ENCRYPTED = {"require", "verify-ca", "verify-full"}


class Outcome(StrEnum):
    """What came of a row; a person sees the value."""

    GOOD = "良"
    BAD = "否"
    SOON = "注意"
    LENIENT = "許容"
    UNSEEN = "確認外"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or file of the ward: its mode (None: not made yet, or in a bucket), and the device or bucket of it."""

    path: PurePath
    mode: int | None
    device: int | str


@dataclass(frozen=True, slots=True)
class Account:
    """An active user of Airflow: name, roles, and whether the password is one of the known ones."""

    name: str
    roles: tuple[str, ...]
    known_password: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. Keys of mappings are the settings' names, as people find them; None: not to be seen from here."""

    demonstration: bool
    now: datetime
    addresses: Mapping[str, str]
    secure_cookies: bool
    metadata: Mapping[str, str] | None = field(repr=False)
    register: Mapping[str, str] = field(repr=False)
    brokers: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] | None = field(repr=False)
    accounts: tuple[Account, ...] | None
    roles: frozenset[str]
    folders: Mapping[str, Place]
    servers: Mapping[str, str]
    buckets: Mapping[str, tuple[str, ...]]
    secret_files: Mapping[str, Place]
    register_fault: str | None
    clocks: Mapping[str, float]
    certificates: Mapping[str, datetime | None]
    certificate_days: int
    telemetry: tuple[str, ...]
    mail: bool
    access_review: bool
    unsent: Sequence[datetime]
    free: Mapping[str, int]
    least_free: int


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to look at.

    ``check`` returns a Japanese reason without its full stop, or None. ``seen`` tells whether the facts suffice,
    ``lenient`` whether a demonstration with these facts may go on; ``soon``: it is not wrong yet.
    """

    id: str
    what: str
    check: Callable[[Facts], str | None]
    remedy: str
    seen: Callable[[Facts], bool] = lambda _: True
    lenient: Callable[[Facts], bool] = lambda _: False
    soon: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What a row said."""

    row: Row
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        """Return one Japanese line."""
        said = f"：{self.reason}。【対応】{self.row.remedy}" if self.reason else ""
        return f"{self.outcome}　{self.row.what}{said}"


def examine(facts: Facts) -> tuple[Examined, ...]:
    """Ask every row."""
    return tuple(_ask(row, facts) for row in ROWS)


def require_good(examined: tuple[Examined, ...]) -> None:
    """Pass, or refuse with every row that needs somebody: what is wrong, and what will be soon.

    Raises:
        HouseError: At least one row does.
    """
    wrong = [each for each in examined if each.outcome in {Outcome.BAD, Outcome.SOON}]
    if wrong:
        lines = "\n".join(map(str, wrong))
        raise HouseError(f"設置の点検で{len(wrong)}件の指摘があります。\n{lines}\n", "上の対応をすべて行ってください。")


def _ask(row: Row, facts: Facts) -> Examined:
    if not row.seen(facts):
        return Examined(row, Outcome.UNSEEN)
    reason = row.check(facts)
    if reason is None:
        return Examined(row, Outcome.GOOD)
    if facts.demonstration and row.lenient(facts):
        return Examined(row, Outcome.LENIENT, reason)
    return Examined(row, Outcome.SOON if row.soon else Outcome.BAD, reason)


def _named(names: Iterator[str], what: str) -> str | None:
    """Return the sentence for those at fault, if any."""
    listed = "、".join(names)
    return f"{listed} {what}" if listed else None


def _plain_addresses(addresses: Mapping[str, str]) -> str | None:
    return _named((name for name, url in addresses.items() if urlsplit(url).scheme != "https"), "が https でない")


def _plain_database(url: str) -> bool:
    """Tell whether a database's connection may go over a wire as it is."""
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    if not _host(url):
        return False
    if "asyncpg" in parts.scheme:
        return query.get("ssl", [""])[-1] not in _ENCRYPTED
    return query.get("sslmode", [""])[-1] not in _ENCRYPTED


def _plain_databases(urls: Mapping[str, str]) -> str | None:
    return _named(
        (name for name, url in urls.items() if _plain_database(url)), "に sslmode がないか、暗号化しない設定である"
    )


def _plain_broker(url: str) -> bool:
    if urlsplit(url).scheme.startswith("db+"):
        return _plain_database(url)
    unchecked = parse_qs(urlsplit(url).query).get("ssl_cert_reqs", ["required"])[-1].lower() in {"none", "cert_none"}
    return urlsplit(url).scheme != "rediss" or unchecked


def _plain_brokers(facts: Facts) -> str | None:
    return _named(
        (name for name, url in facts.brokers.items() if _plain_broker(url)),
        "が暗号化していないか、相手の証明書を確かめない",
    )


def _host(url: str) -> str:
    """Return the host a connection goes to; empty for a file or a socket of this machine."""
    parts = urlsplit(url)
    host = parts.hostname or parse_qs(parts.query).get("host", [""])[-1]
    return "" if parts.scheme.startswith("sqlite") or host.startswith(("/", "%2F", "%2f")) else host


def _on_loopback(*urls: str) -> bool:
    """Tell whether all of these stay within this machine."""
    for host in filter(None, map(_host, urls)):
        try:
            if not ipaddress.ip_address(host).is_loopback:
                return False
        except ValueError:
            if host != "localhost":
                return False
    return True


def _weak_passwords(facts: Facts) -> str | None:
    urls = {**(facts.metadata or {}), **facts.register, **facts.brokers}
    return _named(
        (name for name, url in urls.items() if _weak(url)), "のパスワードがないか、短いか、利用者名と同じである"
    )


def _weak(url: str) -> bool:
    parts = urlsplit(url)
    if not _host(url):
        return False
    password = unquote(parts.password or "")
    return len(password) < _LEAST_PASSWORD or password == unquote(parts.username or "")


def _weak_secrets(facts: Facts) -> str | None:
    secrets = facts.secrets or {}
    short = [name for name, least in _LEAST_SECRET_BYTES.items() if len(secrets.get(name, "").encode()) < least]
    if short:
        return f"{'、'.join(short)} がないか、短すぎる"
    if len(set(secrets.values())) < len(secrets):
        return "別々であるべき鍵が同じ値である"
    return None


def _known_accounts(facts: Facts) -> str | None:
    accounts = facts.accounts or ()
    return _named(
        (each.name for each in accounts if each.known_password), "のパスワードが初期値か、利用者名と同じである"
    )


def _other_roles(facts: Facts) -> str | None:
    others = sorted({role for each in facts.accounts or () for role in each.roles} - facts.roles)
    return _named(iter(others), "という、設定にない役割を持つ利用者がいる")


def _open_folders(facts: Facts) -> str | None:
    return _named(
        (name for name, each in facts.folders.items() if each.mode is not None and each.mode & 0o007),
        "を、関係のない利用者も開ける",
    )


def _open_secrets(facts: Facts) -> str | None:
    return _named(
        (name for name, each in facts.secret_files.items() if each.mode is not None and each.mode & 0o077),
        "を、ほかの利用者も読める",
    )


_KEYS = ("MAILROUND_VAULT", "MAILROUND_VAULT_IDENTITY")
_PAYLOAD = ("MAILROUND_DATA", "MAILROUND_OUTBOX")


def _vault_beside_data(facts: Facts) -> str | None:
    places = {**facts.folders, **facts.secret_files}
    for key in _KEYS:
        for payload in _PAYLOAD:
            one, other = places[key].path, places[payload].path
            if one.is_relative_to(other) or other.is_relative_to(one):
                return f"{key} と {payload} の一方が、他方の中にある"
            if places[key].device == places[payload].device:
                return f"{key} と {payload} が同じ記憶装置かバケットにある"
    return None


def _clocks_apart(facts: Facts) -> str | None:
    apart = (
        f"{name}（{seconds:+.0f}秒）" for name, seconds in facts.clocks.items() if abs(seconds) > MAX_CLOCK_SECONDS
    )
    return _named(apart, "の時計が、この機械の時計とずれている")


def _expired(facts: Facts) -> str | None:
    gone = (name for name, until in facts.certificates.items() if until is None or until <= facts.now)
    return _named(gone, "の証明書が期限切れか、読めない")


def _expiring(facts: Facts) -> str | None:
    last = facts.now + timedelta(days=facts.certificate_days)
    soon = (
        f"{name}（{until:%Y-%m-%d}まで）"
        for name, until in facts.certificates.items()
        if until is not None and facts.now < until <= last
    )
    return _named(soon, "の証明書の期限が近い")


def _short_of_space(facts: Facts) -> str | None:
    short = (f"{name}（{free // 2**20:,} MiB）" for name, free in facts.free.items() if free < facts.least_free)
    return _named(short, f"の空きが、必要な {facts.least_free // 2**20:,} MiB より少ない")


ROWS = (
    Row(
        "ui_wire",
        "画面の通信",
        lambda facts: _plain_addresses(facts.addresses),
        "TLSの中継（リバースプロキシ）を置き、両方を https:// で始まる、利用者が使う住所にしてください。",
        lenient=lambda facts: _on_loopback(*facts.addresses.values()),
    ),
    Row(
        "cookies",
        "画面のクッキー",
        lambda facts: None if facts.secure_cookies else "ログインの印（クッキー）が、暗号化していない通信でも送られる",
        "AIRFLOW__FAB__COOKIE_SECURE=True にしてください（docker-compose.yaml の値を上書きしない）。",
        lenient=lambda facts: _on_loopback(*facts.addresses.values()),
    ),
    Row(
        "metadata_wire",
        "AirflowのDBの通信",
        lambda facts: _plain_databases(facts.metadata or {}),
        "接続先に sslmode=verify-full と sslrootcert を付けてください。",
        seen=lambda facts: facts.metadata is not None,
        lenient=lambda facts: _on_loopback(*(facts.metadata or {}).values()),
    ),
    Row(
        "register_wire",
        "管理簿のDBの通信",
        lambda facts: _plain_databases(facts.register),
        "接続先に sslmode=verify-full と sslrootcert を付けてください。",
        lenient=lambda facts: _on_loopback(*facts.register.values()),
    ),
    Row(
        "broker_wire",
        "待ち行列の通信",
        _plain_brokers,
        "rediss:// で始まる接続先にし、ssl_cert_reqs=required と ssl_ca_certs を付けてください。",
        lenient=lambda facts: _on_loopback(*facts.brokers.values()),
    ),
    Row(
        "passwords",
        "接続のパスワード",
        _weak_passwords,
        f"{_LEAST_PASSWORD}文字以上の無作為なパスワードに変えてください。",
        lenient=lambda facts: _on_loopback(
            *(facts.metadata or {}).values(), *facts.register.values(), *facts.brokers.values()
        ),
    ),
    Row(
        "secret_keys",
        "Airflowの鍵",
        _weak_secrets,
        "README の「For a real ward」のとおり、別々の無作為な値を作って設定してください。",
        seen=lambda facts: facts.secrets is not None,
    ),
    Row(
        "accounts",
        "利用者のパスワード",
        _known_accounts,
        "その利用者のパスワードを変え、誰がいつログインしたかを監査記録で確かめてください。",
        seen=lambda facts: facts.accounts is not None,
    ),
    Row(
        "account_roles",
        "利用者の役割",
        _other_roles,
        "include/roles.yaml にある役割だけを付け直してください（Admin など、Airflowの初めの役割は使いません）。",
        seen=lambda facts: facts.accounts is not None,
    ),
    Row("folders", "フォルダの権限", _open_folders, "`chmod o-rwx` を実行し、誰が開いたかを調べてください。"),
    Row(
        "secret_files",
        "鍵のファイルの権限",
        _open_secrets,
        "`chmod 600` を実行してください。読まれた恐れがあれば、事故として報告してください。",
    ),
    Row(
        "bucket_wire",
        "S3の通信",
        lambda facts: _plain_addresses(facts.servers),
        "S3のサーバーでTLSを有効にし、https:// で始まる住所にしてください。",
        lenient=lambda facts: _on_loopback(*facts.servers.values()),
    ),
    Row(
        "buckets",
        "バケット",
        lambda facts: _named(
            (f"{name}（{'、'.join(told)}）" for name, told in facts.buckets.items() if told), "が使えない"
        ),
        "docs/adr/0030-storage-by-uri.md のとおりのバケットと権限にしてください。",
    ),
    Row(
        "vault_apart",
        "鍵庫の場所",
        _vault_beside_data,
        "鍵庫と識別鍵を別の記憶装置に移してください。同じ控えに入ると、鍵を破棄しても廃棄になりません。",
        lenient=lambda _: True,
    ),
    Row(
        "register",
        "管理簿",
        lambda facts: facts.register_fault,
        "管理簿に触らずに `mailround register verify` を実行し、その対応に従ってください。",
    ),
    Row(
        "clocks",
        "時計",
        _clocks_apart,
        "すべての機械の時刻同期（NTP）を直してください。ずれている間の管理簿の時刻は、紙の記録と照らしてください。",
    ),
    Row("certificates", "証明書", _expired, "証明書を更新し、使うサービスを起動し直してください。"),
    Row("certificates_soon", "証明書の期限", _expiring, "期限までに証明書を更新してください。", soon=True),
    Row(
        "telemetry",
        "外部への利用統計",
        lambda facts: _named(iter(facts.telemetry), "が止められていない"),
        "include/airflow.env のとおり、止める設定にしてください。",
    ),
    Row(
        "mail",
        "メール",
        lambda facts: None if facts.mail else "接続 smtp_default がなく、失敗や期限を誰にも知らせられない",
        "AIRFLOW_CONN_SMTP_DEFAULT を設定してください。",
    ),
    Row(
        "unsent",
        "送れなかったメール",
        lambda facts: (
            f"失敗を知らせるメールが{len(facts.unsent)}通、{min(facts.unsent):%Y-%m-%d %H:%M} から送れずに待っている"
            if facts.unsent
            else None
        ),
        "メールサーバーと接続 smtp_default を確かめてください。直れば、次の見回り（round_watch）が送ります。",
        soon=True,
    ),
    Row(
        "access_review",
        "Airflowの記録を読む接続",
        lambda facts: (
            None
            if facts.access_review
            else "接続 access_review がなく、実行の見回り（round_watch）もアクセスの点検（access_review）もできない"
        ),
        "接続を設定してから `mailround roles apply` を実行してください。利用者は、そのときに作られます。",
        soon=True,
    ),
    Row(
        "disk",
        "空き容量",
        _short_of_space,
        "空きを増やしてください。足りないまま回を始めると、途中で止まります。",
        lenient=lambda _: True,
    ),
)
"""Every row; ids are in nobody's record and may be renamed."""
