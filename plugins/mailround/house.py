"""Finds the facts that `doctor` judges: from the settings, the file systems, the databases and Airflow's configuration.

Run where Airflow's components run, with their environment. Inside a task Airflow hides its own database: what only that
one tells is None there, and the row says so.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from mailround import unsent
from mailround.bucket import faults
from mailround.doctor import Account, Facts, Place
from mailround.errors import ConfigurationError, RegisterError
from mailround.register.store import Register
from mailround.roles import load_roles, reviewer
from mailround.settings import TOKYO, Location, Settings, Telemetry

_HIDDEN = "airflow-db-not-allowed"
_CERTIFICATES_IN_URLS = ("sslrootcert", "sslcert", "ssl_ca_certs", "ssl_certfile")
_SECRETS = (("core", "fernet_key"), ("api", "secret_key"), ("api_auth", "jwt_secret"))
_ANSWER_SECONDS = 5.0
_METADATA = "[database] sql_alchemy_conn"
_KNOWN_PASSWORDS = ("admin", "airflow", "changeme", "mailround", "password")
"""What installations are left with; few, for each guess costs a tenth of a second a user."""
_ACCOUNTS = """
SELECT u.username, u.password, r.name FROM ab_user u
LEFT JOIN ab_user_role ur ON ur.user_id = u.id LEFT JOIN ab_role r ON r.id = ur.role_id
WHERE u.active ORDER BY u.username
"""


def find_facts(settings: Settings) -> Facts:
    """Look at everything once.

    Raises:
        ConfigurationError: The roles' file is wrong.
        SQLAlchemyError: The register's database cannot be reached.
    """
    of_airflow = _configured("database", "sql_alchemy_conn")
    metadata = None if of_airflow.startswith(_HIDDEN) else {_METADATA: of_airflow}
    also = {"MAILROUND_METADATA_URL": settings.metadata_url} if settings.metadata_url else {}
    register = {"MAILROUND_REGISTER_URL": settings.register_url}
    if settings.register_owner_url:
        register["MAILROUND_REGISTER_OWNER_URL"] = settings.register_owner_url
    brokers = dict(_brokers())
    folders = _folders(settings)
    buckets = {name: place for name, place in folders.items() if not isinstance(place, Path)}
    files = dict(_certificate_files(settings, {**(metadata or {}), **register, **brokers}))
    return Facts(
        demonstration=settings.profile == "demonstration",
        now=datetime.now(TOKYO),
        addresses={
            "MAILROUND_UI_URL": settings.ui_url,
            "[api] base_url": _configured("api", "base_url"),
        },
        secure_cookies=_configured("fab", "cookie_secure").lower() == "true",
        metadata={**metadata, **also} if metadata else None,
        register=register,
        brokers=brokers,
        # A worker need not hold the keys of the API server.
        secrets={f"[{section}] {key}": _configured(section, key) for section, key in _SECRETS} if metadata else None,
        accounts=_accounts(of_airflow) if metadata else None,
        roles=frozenset(load_roles(settings.include).roles),
        folders={name: _place(path) for name, path in folders.items()},
        servers={f"{name} のS3": str(place.storage_options["endpoint_url"]) for name, place in buckets.items()},
        buckets={name: faults(place) for name, place in buckets.items()},
        secret_files={
            "MAILROUND_VAULT_IDENTITY": _place(settings.vault_identity),
            "署名鍵": _place(settings.checkpoint_key),
            **_register_file(settings.register_url),
        },
        register_fault=_register_fault(settings.register_url),
        clocks=_clocks({**(metadata or {}), **register}),
        certificates={name: _end_of(path) for name, path in files.items()},
        certificate_days=settings.certificate_days,
        telemetry=_telemetry(),
        mail=_has_mail(),
        access_review=reviewer() is not None,
        unsent=[mail.since for mail in unsent.waiting(settings)],
        free=free_space(settings),
        least_free=least_free(settings),
    )


def free_space(settings: Settings) -> dict[str, int]:
    """Return the free bytes of each folder's file system, by the setting's name; a bucket has no such limit."""
    folders = {name: path for name, path in _folders(settings).items() if isinstance(path, Path)}
    return {name: shutil.disk_usage(_existing(path)).free for name, path in folders.items()}


def least_free(settings: Settings) -> int:
    """Return the bytes that must be free."""
    return int(settings.free_gib * 2**30)


def answering_workers() -> int | None:
    """Return how many Celery workers that take rounds' tasks answer within five seconds; None with another executor."""
    if "CeleryExecutor" not in _configured("core", "executor"):
        return None
    from celery import Celery

    with Celery(broker=_configured("celery", "broker_url")) as queue:
        answers = queue.control.inspect(timeout=_ANSWER_SECONDS).active_queues() or {}
    rounds = _configured("operators", "default_queue")
    return sum(any(each["name"] == rounds for each in its) for its in answers.values())


def _folders(settings: Settings) -> dict[str, Location]:
    return {f"MAILROUND_{name.upper()}": getattr(settings, name) for name in ("inbox", "data", "outbox", "vault")}


def metadata_url(settings: Settings) -> str:
    """Return the URL of Airflow's own database.

    Raises:
        ConfigurationError: Neither the settings nor Airflow's configuration tell it: so it is in a task.
    """
    url = settings.metadata_url or _configured("database", "sql_alchemy_conn")
    if not url or url.startswith(_HIDDEN):
        raise ConfigurationError(
            "Airflowのデータベースの接続先が分かりません（工程の中からは見えません）。",
            "工程を動かす所に MAILROUND_METADATA_URL を設定してください。",
        )
    return url


def _configured(section: str, key: str) -> str:
    """Return Airflow's value as its components see it, from wherever it comes (variable, file, command)."""
    from airflow.configuration import conf

    return str(conf.get(section, key, fallback="") or "")


def _brokers() -> Iterator[tuple[str, str]]:
    if "CeleryExecutor" in _configured("core", "executor"):
        for key in ("broker_url", "result_backend"):
            if url := _configured("celery", key):
                yield f"[celery] {key}", url


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return next(each for each in (path, *path.absolute().parents) if each.exists())


def _place(path: Location) -> Place:
    if not isinstance(path, Path):
        server = urlsplit(path.storage_options["endpoint_url"]).netloc
        return Place(PurePosixPath(server, path.path), None, f"{server}/{path.path.partition('/')[0]}")
    status = _existing(path).stat()
    return Place(path.resolve(), status.st_mode & 0o777 if path.exists() else None, status.st_dev)


def _register_file(url: str) -> dict[str, Place]:
    """Return where a register in a file is; on a server there is none."""
    parsed = sa.make_url(url)
    sqlite = parsed.get_backend_name() == "sqlite" and parsed.database
    return {"管理簿のファイル": _place(Path(parsed.database))} if sqlite and parsed.database else {}


def _register_fault(url: str) -> str | None:
    try:
        Register(url).verify()
    except RegisterError as error:
        return error.happened.rstrip("。")
    return None


def _accounts(url: str) -> tuple[Account, ...] | None:
    """Return the active users; None where the tables are not there yet."""
    from werkzeug.security import check_password_hash

    try:
        with sa.create_engine(_synchronous(url), poolclass=sa.pool.NullPool).connect() as connection:
            found = connection.execute(sa.text(_ACCOUNTS)).all()
    except SQLAlchemyError:
        return None
    hashes = {row.username: row.password or "" for row in found}
    return tuple(
        Account(
            name,
            tuple(row.name for row in found if row.username == name and row.name),
            any(check_password_hash(hashed, guess) for guess in (name, *_KNOWN_PASSWORDS)),
        )
        for name, hashed in hashes.items()
    )


def _synchronous(url: str) -> str:
    return url.replace("+asyncpg", "", 1).replace("+aiosqlite", "", 1)


def _clocks(urls: Mapping[str, str]) -> dict[str, float]:
    """Return by how many seconds each server's clock is ahead of ours."""
    ahead: dict[str, float] = {}
    for name, url in urls.items():
        if sa.make_url(url).get_backend_name() != "postgresql":
            continue
        with sa.create_engine(_synchronous(url), poolclass=sa.pool.NullPool).connect() as connection:
            before = time.time()
            told = connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
            ahead[name] = float(told) - (before + time.time()) / 2
    return ahead


def _certificate_files(settings: Settings, urls: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for path in settings.certificates:
        yield f"MAILROUND_CERTIFICATES の {path.name}", path
    for name, url in urls.items():
        query = parse_qs(urlsplit(url).query)
        for key in _CERTIFICATES_IN_URLS:
            if (value := query.get(key, [""])[-1]) and value != "system":
                yield f"{name} の {key}", Path(value)
    for section, key in (("api", "ssl_cert"), ("celery", "ssl_cert"), ("celery", "ssl_cacert")):
        if value := _configured(section, key):
            yield f"[{section}] {key}", Path(value)


def _end_of(path: Path) -> datetime | None:
    """Return when the first certificate of a file ends; None where it cannot be read."""
    try:
        return min(each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        return None


def _telemetry() -> tuple[str, ...]:
    on = ["GX_ANALYTICS_ENABLED"] if Telemetry().gx_analytics_enabled else []
    # Airflow 3.3 tells nobody; earlier versions did unless told otherwise, and a later one may again.
    if _configured("usage_data_collection", "enabled").lower() != "false":
        on.append("[usage_data_collection] enabled")
    return tuple(on)


def _has_mail() -> bool:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return bool(BaseHook.get_connection("smtp_default").host)
    except AirflowNotFoundException:
        return False
