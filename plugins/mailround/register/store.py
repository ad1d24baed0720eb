"""Where entries are kept: one append-only SQL table, guarded by triggers and by the hash chain.

``hash`` = SHA-256 over the RFC 8785 canonical JSON of the other columns. Rows are never updated or deleted; triggers
made by the migration refuse it, and opening a register without them fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import rfc8785
import sqlalchemy as sa

from mailround.errors import RegisterError
from mailround.private_files import make_folder
from mailround.register.entries import BODIES, AnyBody, Entry

GENESIS = "0" * 64

metadata = sa.MetaData()
register_entry = sa.Table(
    "register_entry",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("round_id", sa.String(32), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
)
"""``previous`` is unique: the chain cannot fork, whoever writes at the same time."""

TRIGGERS = {
    "sqlite": {"register_entry_no_update", "register_entry_no_delete", "register_entry_only_next"},
    "postgresql": {"register_entry_no_update", "register_entry_no_delete", "register_entry_no_truncate"},
}
"""What the migration makes in each database, and what every use of the register looks for."""

_LOCK = 0x6D61696C


@dataclass(frozen=True, slots=True)
class ChainState:
    """A verified chain: how many entries and the hash of the last."""

    entries: int
    head: str


class Register:
    """The register at a SQLAlchemy URL (SQLite or PostgreSQL)."""

    def __init__(self, url: str) -> None:
        """Bind the URL; call ``migrate`` once before first use."""
        self.url = url
        self._engine = sa.create_engine(url, poolclass=sa.pool.NullPool)

    def migrate(self) -> None:
        """Create or upgrade the table and its triggers (Alembic)."""
        from alembic import command  # noqa: PLC0415 - 11 MiB in every worker, for once a year
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("sqlalchemy.url", self.url.replace("%", "%%"))
        if self._engine.dialect.name == "sqlite" and self._engine.url.database:
            database = Path(self._engine.url.database)
            make_folder(database.parent)
            database.touch(mode=0o600)  # SQLite itself would make it 0644; its journals take the file's mode
        command.upgrade(config, "head")

    def append(self, body: AnyBody, *, round_id: str, actor: str, at: datetime, once: bool = False) -> Entry:
        """Append a fact and return its entry; what the latest entry about the same already says returns that entry.

        Args:
            body: What happened.
            round_id: The round it belongs to.
            actor: Staff id, or ``mailround`` for an automatic step.
            at: When, timezone-aware.
            once: Refuse a second, different body about the same.

        Raises:
            RegisterError: The time has no zone, ``once`` is not met, the triggers are missing, or a correction names
                no entry of the round.
        """
        if at.tzinfo is None:
            raise RegisterError("管理簿の日時に時間帯がありません。", "システム担当へ連絡してください。")
        text = rfc8785.dumps(body.model_dump(mode="json")).decode("utf-8")
        with self._writing() as connection:
            table = register_entry.c
            rows = connection.execute(
                sa.select(register_entry).where(table.round_id == round_id).order_by(table.seq)
            ).all()
            bodies = [(row, BODIES.validate_json(row.body)) for row in rows]
            corrected = {each.corrects for _, each in bodies if each.kind == "correction"}
            same = [row for row, each in bodies if row.seq not in corrected and each.about() == body.about()]
            if same and same[-1].body == text:
                return _entry(same[-1])
            if once and same:
                raise RegisterError(
                    f"回「{round_id}」の「{body.title}」は既に記録されています。", "別の回の番号で始めてください。"
                )
            if body.kind == "correction" and body.corrects not in {row.seq for row in rows}:
                raise RegisterError(
                    f"訂正する第{body.corrects}号は、この回の記録にありません。", "番号を確かめてください。"
                )
            last = connection.execute(
                sa.select(table.seq, table.hash).order_by(table.seq.desc()).limit(1)
            ).one_or_none()
            values: dict[str, int | str] = {
                "seq": last.seq + 1 if last else 1,
                "at": at.isoformat(timespec="seconds"),
                "actor": actor,
                "round_id": round_id,
                "body": text,
                "previous": last.hash if last else GENESIS,
            }
            values["hash"] = _digest(values)
            connection.execute(sa.insert(register_entry).values(values))
            return _entry(connection.execute(sa.select(register_entry).where(table.seq == values["seq"])).one())

    def entries(self, round_id: str | None = None) -> tuple[Entry, ...]:
        """Return the entries, oldest first: all, or one round's."""
        query = sa.select(register_entry).order_by(register_entry.c.seq)
        if round_id is not None:
            query = query.where(register_entry.c.round_id == round_id)
        with self._engine.connect() as connection:
            return tuple(_entry(row) for row in connection.execute(query))

    def verify(self) -> ChainState:
        """Recompute the whole chain.

        Raises:
            RegisterError: The first entry at which sequence, link or hash is wrong, by number; or missing triggers.
        """
        previous, expected = GENESIS, 1
        with self._engine.connect() as connection:
            self._require_triggers(connection)
            for row in connection.execute(sa.select(register_entry).order_by(register_entry.c.seq)).mappings():
                values = {key: value for key, value in row.items() if key != "hash"}
                if row["seq"] != expected or row["previous"] != previous or row["hash"] != _digest(values):
                    raise RegisterError(
                        f"管理簿の連鎖が第{expected}号で切れています。",
                        "管理簿を書き換えずに保全し、システム担当と監査担当へ連絡してください。",
                    )
                previous, expected = row["hash"], expected + 1
        return ChainState(entries=expected - 1, head=previous)

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that no other writer shares."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA busy_timeout = 30000")
                connection.commit()
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            self._require_triggers(connection)
            yield connection
            connection.commit()

    @staticmethod
    def _require_triggers(connection: sa.Connection) -> None:
        catalogue = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'register_entry'"
            if connection.dialect.name == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('register_entry') AND tgenabled = 'A'"
        )
        if not TRIGGERS[connection.dialect.name] <= set(connection.execute(sa.text(catalogue)).scalars()):
            raise RegisterError(
                "管理簿の書換防止（トリガー）が設定されていません。",
                "`mailround register migrate` を実行しても直らない場合は、システム担当へ連絡してください。",
            )


def _digest(values: dict[str, int | str]) -> str:
    return hashlib.sha256(rfc8785.dumps(values)).hexdigest()


def _entry(row: sa.Row[tuple[object, ...]]) -> Entry:
    return Entry(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        round_id=row.round_id,
        body=BODIES.validate_json(row.body),
        text=row.body,
        previous=row.previous,
        hash=row.hash,
    )
