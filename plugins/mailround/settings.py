"""Settings of a ward, from the environment (prefix ``MAILROUND_``) and, where containers get them, from secret files.

Only where the local Airflow lies and listens (``MAILROUND_HOME``, ``MAILROUND_PORT``, ``MAILROUND_MAIL_PORT``) is read
elsewhere, by the command that starts it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from upath import UPath

from mailround.errors import ConfigurationError

REPOSITORY = Path(__file__).resolve().parents[2]
TOKYO = ZoneInfo("Asia/Tokyo")
SECRETS = Path("/run/secrets")
"""Where containers find their secrets: a setting there is a file with its variable's name in small letters."""

CONSOLE = "/mailround"
"""Where Airflow mounts the console, under its own address."""

Location = Path | UPath
"""A file or folder of this machine or, as a `UPath`, of an S3 bucket; `private_files` reads and writes either."""

Endpoint = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?/?$")]
MailAddress = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9.-]+$")]


def environment_with(values: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that is started from here: this one's, with these values over it."""
    return {**os.environ, **values}


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


_LISTED = (NoDecode, BeforeValidator(_split))
"""Values separated by commas."""


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_IN_A_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_ACCESS = {"s3_endpoint": "endpoint_url", "s3_key": "key", "s3_secret": "secret"}


def _located(value: object, info: ValidationInfo) -> Location:
    """Return where a path or URI points to; an object's name carries the access that the settings before it give."""
    text = str(value)
    if text.startswith("file:///"):
        return Path(unquote(text.removeprefix("file://")))
    if not _SCHEME.match(text):
        return Path(text)
    if not _IN_A_BUCKET.fullmatch(text):
        raise ValueError("/ で始まるパスか、file:///パスか、s3://バケット/パス にします")
    given = {name: info.data.get(f"{info.field_name}_{name}") or info.data.get(name) for name in _ACCESS}
    if missing := [f"MAILROUND_{name.upper()}" for name, each in given.items() if each is None]:
        raise ValueError(f"{'と'.join(missing)}も設定します")
    plain = {name: each.get_secret_value() if isinstance(each, SecretStr) else each for name, each in given.items()}
    access: dict[str, Any] = {_ACCESS[name]: each for name, each in plain.items()}
    # Others write too, so no listing is remembered; what is read in one request is of one version.
    access |= {"client_kwargs": {"region_name": info.data.get("s3_region")}, "use_listings_cache": False}
    access["config_kwargs"] = {"read_timeout": 60}  # the answer to a large object comes when it is on the disk
    located: UPath = UPath(text, max_concurrency=1, **access)
    return located


class CheckSettings(BaseSettings):
    """What checking and printing need; has defaults, so that an export can be tried on any machine."""

    model_config = SettingsConfigDict(
        env_prefix="MAILROUND_", frozen=True, extra="ignore", secrets_dir=SECRETS if SECRETS.is_dir() else None
    )

    include: Path = Field(default=REPOSITORY / "include", description="Rounds, layouts, contracts, templates.")
    font: Path | None = Field(default=None, description="IPAmj Mincho; found through fontconfig when unset.")
    fallback_fonts: Annotated[tuple[Path, ...], *_LISTED] = Field(
        default=(), description="TrueType fonts for what that font lacks, in this order, separated by commas."
    )
    check_processes: int = Field(default=2, ge=1, le=64, description="Processes that check an export at most.")


class Settings(CheckSettings):
    """Where a ward keeps what. Folders are made on first use, 0700.

    ``vault`` and ``vault_identity`` belong on storage that is not backed up with ``data``: destroying a key is the
    purge (docs/adr/0004). Nothing of a round runs without somebody to tell: a reminder to nobody is silence.
    """

    inbox: Path = Field(description="Folder the welfare system's export is put into; nothing outside it is read.")
    s3_endpoint: Endpoint | None = Field(default=None, description="Address of the S3 server, where one is used.")
    s3_region: str = Field(default="ap-northeast-1", description="Its region, as requests are signed for.")
    s3_key: SecretStr | None = Field(default=None, description="Its access key.")
    s3_secret: SecretStr | None = Field(default=None, description="The secret of that key.")
    vault_s3_endpoint: Endpoint | None = Field(default=None, description="The vault's own S3 server; else the same.")
    vault_s3_key: SecretStr | None = Field(default=None, description="The vault's own access key; else the same.")
    vault_s3_secret: SecretStr | None = Field(default=None, description="The secret of that key; else the same.")
    data: Annotated[Location, PlainValidator(_located)] = Field(
        description="Encrypted workspaces, one folder a round; a path, file:///… or s3://bucket/…"
    )
    outbox: Annotated[Location, PlainValidator(_located)] = Field(
        description="Sealed packages, one folder a round; as data."
    )
    vault: Annotated[Location, PlainValidator(_located)] = Field(
        description="Round keys and sealed secrets; as data, elsewhere."
    )
    vault_identity: Path = Field(description="The age identity the vault's secrets are encrypted to.")
    register_url: str = Field(description="SQLAlchemy URL of the register; on PostgreSQL of a role that only adds.")
    register_owner_url: str | None = Field(
        default=None, description="The same database for the role that owns the tables: to migrate, and only there."
    )
    alert_to: Annotated[tuple[MailAddress, ...], *_LISTED] = Field(
        min_length=1, description="Addresses that are told of failures and dues, separated by commas."
    )
    alert_from: MailAddress = Field(default="mailround@localhost", description="Sender of those mails.")
    ui_url: str = Field(default="http://127.0.0.1:8080", description="Address of the Airflow UI, for links in mails.")
    profile: Literal["ward", "demonstration"] = Field(
        default="ward", description="In a demonstration on one machine `mailround doctor` lets some rows pass."
    )
    certificates: Annotated[tuple[Path, ...], *_LISTED] = Field(
        default=(), description="Certificates whose end is watched, beside those of the connections; PEM, by commas."
    )
    certificate_days: int = Field(default=30, ge=1, le=366, description="Days before its end a certificate is told of.")
    free_gib: float = Field(default=5.0, ge=0, description="Free space that every folder's file system must have.")
    office_opens: time = Field(default=time(8, 30), description="Accesses before this time of day are off-hours.")
    office_closes: time = Field(default=time(17, 15), description="Accesses from this time of day on are off-hours.")
    volume_factor: float = Field(
        default=2.0, ge=1, description="More than so many times a person's own busiest month is told of."
    )
    volume_least: int = Field(default=20, ge=1, description="Fewer acts of a kind in a month are never told of.")
    failed_logins: int = Field(default=5, ge=1, description="Failed logins in a row from which they are told of.")
    print_tasks: int = Field(default=4, ge=1, le=64, description="Mapped render tasks a round is cut into at most.")
    metadata_url: str | None = Field(
        default=None, description="Airflow's database where its own configuration does not tell it: in a task."
    )
    metadata_days: int = Field(default=400, ge=31, description="Days that Airflow's finished runs and logs are kept.")
    backup: Path | None = Field(default=None, description="Folder of the backups.")
    backup_recipient: Annotated[str, StringConstraints(pattern=r"^age1[a-z0-9]{58}$")] | None = Field(
        default=None, description="The age public key that backups are encrypted to; its identity lies elsewhere."
    )
    backup_days: int = Field(default=35, ge=1, description="Days that a backup is kept.")
    postgres_tools: Path | None = Field(
        default=None, description="Folder of pg_dump and pg_restore; looked for on PATH when unset."
    )

    @property
    def console_url(self) -> str:
        """The console's address, for links in questions and mails."""
        return f"{self.ui_url.rstrip('/')}{CONSOLE}"

    @property
    def checkpoint_key(self) -> Path:
        """The private key that signs the register's checkpoints, beside the identity and as little in any backup."""
        return self.vault_identity.with_name(f"{self.vault_identity.name}-checkpoint-key")


class Telemetry(BaseSettings):
    """Switches of libraries that would tell their makers about the use of this installation."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    gx_analytics_enabled: bool = Field(default=True, description="Great Expectations'; its own default is to tell.")


def load_settings() -> Settings:
    """Return the settings the environment holds.

    Raises:
        ConfigurationError: Some are missing or wrong; names their variables.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "、".join(
            f"MAILROUND_{str(each['loc'][0]).upper()}"
            + (f"（{each['ctx']['error']}）" if each["type"] == "value_error" else "")
            for each in error.errors()
            if each["loc"]
        )
        raise ConfigurationError(
            f"環境変数の設定が足りないか誤っています：{wrong}。", "README の「Settings」の表を見て設定してください。"
        ) from None
