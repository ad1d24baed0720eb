"""Where entries are kept: one append-only SQL table, guarded by triggers, by rights and by the hash chain (`chain`).

Rows are never updated or deleted; triggers made by the migration refuse it. On PostgreSQL the role that works may only
read and append, and another one owns the table. Appending and verifying look at both first and fail without them;
reading alone looks at neither.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import rfc8785
import sqlalchemy as sa

from mailround.errors import RegisterError
from mailround.private_files import alone, make_folder
from mailround.register import rights
from mailround.register.chain import GENESIS, ChainState, Stored, digest, follow
from mailround.register.damage import REMEDY, diagnose
from mailround.register.entries import BODIES, AnyBody, Body, Correction, Entry
from mailround.register.search import Wanted, condition, name

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
    "postgresql": {
        "register_entry_no_update",
        "register_entry_no_delete",
        "register_entry_no_truncate",
        "register_entry_only_next",
    },
}
"""What the migrations make in each database, and what every use of the register looks for."""

PATIENCE = timedelta(seconds=30)
"""How long to wait for another process to let go of the register; then the database's own error, and the next try."""

_AT_ONCE = 2000
"""Rows that are held where all are read."""
_LOCK = 0x6D61696C
_REMINDING = _LOCK + 1


class Register:
    """The register at a SQLAlchemy URL (SQLite or PostgreSQL)."""

    def __init__(self, url: str) -> None:
        """Bind the URL; call ``migrate`` once before first use."""
        self.url = url
        sqlite = sa.make_url(url).get_backend_name() == "sqlite"
        patience = {"timeout": PATIENCE.total_seconds()} if sqlite else {}
        self._engine = sa.create_engine(url, poolclass=sa.pool.NullPool, connect_args=patience)
        self._few_rights = False

    def migrate(self, owner_url: str | None = None) -> None:
        """Create or upgrade the table and its triggers (Alembic), and on PostgreSQL say who may do what.

        Args:
            owner_url: URL of the same database for the role that shall own the table. PostgreSQL must have one, and the
                role that works gets the rights to read and append, and no others.

        Raises:
            RegisterError: The database is PostgreSQL and both roles are one, or the role that works does not exist.
        """
        from alembic import command  # noqa: PLC0415 - 11 MiB in every worker, for once a year
        from alembic.config import Config  # noqa: PLC0415

        sqlite = self._engine.dialect.name == "sqlite"
        owner = sa.make_url(self.url if sqlite or owner_url is None else owner_url)
        if not sqlite and owner.username == self._engine.url.username:
            raise RegisterError(
                "管理簿の所有者の接続先（MAILROUND_REGISTER_OWNER_URL）がないか、業務用と同じ役割です。",
                "表を所有する役割と追記だけの役割を作り、README の「For a real ward」のとおり設定してください。",
            )
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.set_main_option("sqlalchemy.url", owner.render_as_string(hide_password=False).replace("%", "%%"))
        if sqlite and self._engine.url.database:
            database = Path(self._engine.url.database)
            make_folder(database.parent)
            database.touch(mode=0o600)  # SQLite itself would make it 0644; its journals take the file's mode
        command.upgrade(config, "head")
        if not sqlite:
            with sa.create_engine(owner, poolclass=sa.pool.NullPool).begin() as connection:
                rights.grant(connection, self._engine.url.username or "")

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
        stamp = _stamp(at)
        with self._writing() as connection:
            return _append(connection, body, round_id, actor, stamp, once=once)

    def append_all(
        self,
        bodies: Sequence[AnyBody],
        *,
        round_id: str,
        actor: str,
        at: datetime,
        last_look: Callable[[], None],
    ) -> None:
        """Append what was judged by other entries: all of it or nothing, and only while the judgement still holds.

        Args:
            bodies: What happened.
            round_id: The round it belongs to.
            actor: Who says so.
            at: When, timezone-aware.
            last_look: Called while nobody else can write; reads the register again and raises when what was judged by
                it is no longer so. Then nothing is appended.

        Raises:
            RegisterError: As for `append`.
        """
        stamp = _stamp(at)
        with self._writing() as connection:
            last_look()
            for body in bodies:
                _append(connection, body, round_id, actor, stamp)

    def take_over(self, rows: Sequence[Stored]) -> None:
        """Fill a register that was just made with the rows of another, each through the triggers: all or none.

        Args:
            rows: What `listing.read_export` returns: a whole chain from its beginning.

        Raises:
            RegisterError: There is an entry already, or a guard is missing.
        """
        with self._writing() as connection:
            if connection.execute(sa.select(register_entry.c.seq).limit(1)).first():
                raise RegisterError("管理簿に既に記録があります。", "記録のない、新しい管理簿を指定してください。")
            connection.execute(sa.insert(register_entry), [row._asdict() for row in rows])

    def entries(self, round_id: str | None = None) -> tuple[Entry, ...]:
        """Return the entries, oldest first: all, or one round's."""
        query = sa.select(register_entry).order_by(register_entry.c.seq)
        if round_id is not None:
            query = query.where(register_entry.c.round_id == round_id)
        with self._engine.connect() as connection:
            return tuple(map(_entry, _stored(connection, query)))

    def of_kinds(self, kinds: Collection[type[Body]]) -> tuple[Entry, ...]:
        """Return the entries of all rounds and the house that are of these kinds, oldest first."""
        wanted = condition(register_entry, self._engine.dialect.name, Wanted(kinds=[*map(name, kinds)]))
        query = sa.select(register_entry).where(wanted).order_by(register_entry.c.seq)
        with self._engine.connect() as connection:
            return tuple(map(_entry, _stored(connection, query)))

    def found(self, wanted: Wanted, *, most: int, before: int | None = None) -> tuple[Entry, ...]:
        """Return the youngest entries that are wanted, the youngest first.

        Args:
            wanted: What to look for.
            most: How many at most.
            before: Only entries with a smaller number: the last one of the page before.
        """
        table = register_entry.c
        query = sa.select(register_entry).where(condition(register_entry, self._engine.dialect.name, wanted))
        if before is not None:
            query = query.where(table.seq < before)
        with self._engine.connect() as connection:
            return tuple(map(_entry, _stored(connection, query.order_by(table.seq.desc()).limit(most))))

    def each(self, wanted: Wanted) -> Iterator[Entry]:
        """Yield all entries that are wanted, oldest first.

        Some at a time, and nothing is kept open in between: whoever takes them slowly keeps nobody from writing.
        """
        table, found = register_entry.c, condition(register_entry, self._engine.dialect.name, wanted)
        query, last = sa.select(register_entry).where(found).order_by(table.seq).limit(_AT_ONCE), 0
        while True:
            with self._engine.connect() as connection:
                entries = [*map(_entry, _stored(connection, query.where(table.seq > last)))]
            yield from entries
            if len(entries) < _AT_ONCE:
                return
            last = entries[-1].seq

    def last(self) -> int:
        """Return the number of the last entry, 0 when there is none."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(sa.func.max(register_entry.c.seq))).scalar() or 0

    def names(self, column: Literal["actor", "round_id"]) -> tuple[str, ...]:
        """Return who ever recorded something, or what about, by name; one step through an index for each of them."""
        of = register_entry.c[column]
        found: list[str] = []
        with self._engine.connect() as connection:
            while each := connection.execute(sa.select(sa.func.min(of)).where(of > (found or [""])[-1])).scalar():
                found.append(each)
        return tuple(found)

    def entry(self, seq: int) -> Entry | None:
        """Return the entry of a number, None when there is none."""
        with self._engine.connect() as connection:
            return next(
                map(_entry, _stored(connection, sa.select(register_entry).where(register_entry.c.seq == seq))), None
            )

    def hashes(self, numbers: Collection[int] | None = None) -> dict[int, str]:
        """Return the hashes of the entries of these numbers, as far as there are any, or of all."""
        query = sa.select(register_entry.c.seq, register_entry.c.hash)
        if numbers is not None:
            query = query.where(register_entry.c.seq.in_(numbers))
        with self._engine.connect() as connection:
            return {row.seq: row.hash for row in connection.execute(query)}

    def verify(self, tell: Callable[[int], object] | None = None) -> ChainState:
        """Recompute the whole chain, a few entries at a time.

        Args:
            tell: Called with the number of each entry that is about to be looked at.

        Raises:
            RegisterError: The first bad entry by number and what was done to it; or a guard is missing.
        """
        with self._engine.connect() as connection:
            self._require_guards(connection)
            state, broken = follow(_told(_rows(connection), tell) if tell else _rows(connection))
        if broken is not None:
            with self._engine.connect() as connection:
                damage = diagnose(tuple(_rows(connection)), state)
            raise RegisterError(str(damage), REMEDY)
        return state

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other process that asks this waiting until the block ends; a killed one lets go.

        Entries may be appended meanwhile, by anybody. A register in a file is of one machine, as is the lock beside it.
        """
        if self._engine.dialect.name == "sqlite":
            with alone(Path(f"{self._engine.url.database}-reminders.lock")):
                yield
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_REMINDING)))  # until the connection is closed
            yield

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Open a transaction that no other writer shares."""
        with self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE // timedelta(milliseconds=1)}")
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            self._require_guards(connection)
            yield connection
            connection.commit()

    def _require_guards(self, connection: sa.Connection) -> None:
        """Refuse a table without its triggers, at every use, and a role with too many rights, at the first."""
        dialect = connection.dialect.name
        catalogue = (
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'register_entry'"
            if dialect == "sqlite"
            else "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('register_entry') AND tgenabled = 'A'"
        )
        if not TRIGGERS[dialect] <= set(connection.execute(sa.text(catalogue)).scalars()):
            raise RegisterError(
                "管理簿の書換防止（トリガー）が設定されていません。",
                "`mailround register migrate` を実行しても直らない場合は、システム担当へ連絡してください。",
            )
        self._few_rights = self._few_rights or dialect == "sqlite" or not rights.too_many(connection)
        if not self._few_rights:
            raise RegisterError(
                "管理簿に接続した役割が、読取りと追記のほかの権限を持っています。",
                "MAILROUND_REGISTER_URL を追記だけの役割に変え、`mailround register migrate` を実行してください。",
            )


def _stamp(at: datetime) -> str:
    if at.tzinfo is None:
        raise RegisterError("管理簿の日時に時間帯がありません。", "システム担当へ連絡してください。")
    return at.isoformat(timespec="seconds")


def _append(
    connection: sa.Connection, body: AnyBody, round_id: str, actor: str, stamp: str, *, once: bool = False
) -> Entry:
    """Append within a transaction that no other writer shares."""
    text = rfc8785.dumps(body.model_dump(mode="json")).decode("utf-8")
    table = register_entry.c
    same = _about_the_same(connection, body, round_id)
    if same and same[-1].text == text:
        return same[-1]
    if once and same:
        raise RegisterError(
            f"回「{round_id}」の「{body.title}」は、同じ番号で既に記録されています。",
            "回を始めるときは別の番号にし、そのほかは、この工程を Clear してやり直してください。",
        )
    of_round = sa.select(table.seq).where(table.round_id == round_id)
    if isinstance(body, Correction) and not connection.execute(of_round.where(table.seq == body.corrects)).all():
        raise RegisterError(f"訂正する第{body.corrects}号は、この回の記録にありません。", "番号を確かめてください。")
    last = connection.execute(sa.select(table.seq, table.hash).order_by(table.seq.desc()).limit(1)).one_or_none()
    number, previous = (last.seq + 1, last.hash) if last else (1, GENESIS)
    row = Stored(number, stamp, actor, round_id, text, previous, hash="")
    row = row._replace(hash=digest(row))
    connection.execute(sa.insert(register_entry).values(row._asdict()))
    return _entry(row)


def _rows(connection: sa.Connection) -> Iterator[Stored]:
    """Yield all rows by number; the database's driver holds a few at a time."""
    return _stored(
        connection.execution_options(yield_per=_AT_ONCE), sa.select(register_entry).order_by(register_entry.c.seq)
    )


def _told(rows: Iterator[Stored], tell: Callable[[int], object]) -> Iterator[Stored]:
    for row in rows:
        tell(row.seq)
        yield row


def _stored(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> Iterator[Stored]:
    return map(Stored._make, connection.execute(query))


def _about_the_same(connection: sa.Connection, body: Body, round_id: str) -> list[Entry]:
    """Return the standing entries of a round about the same as ``body``, oldest first."""
    table = register_entry.c
    of_round = sa.select(register_entry).where(table.round_id == round_id).order_by(table.seq)
    alike = of_round.where(*(table.body.contains(each, autoescape=True) for each in _marks(body)))
    found = [entry for entry in map(_entry, _stored(connection, alike)) if entry.body.about() == body.about()]
    if not found:
        return []
    corrections = map(_entry, _stored(connection, of_round.where(table.body.contains('"kind":"correction"'))))
    corrected = {entry.body.corrects for entry in corrections if isinstance(entry.body, Correction)}
    return [entry for entry in found if entry.seq not in corrected]


def _marks(body: Body) -> list[str]:
    """Return what stands in the stored text of every body about the same, and of few others of a round's thousands.

    A quote within a text is escaped, so none of them can be the words of one. A field that came later stands in no
    older entry.
    """
    names = ["kind", *(name for name in body.identity if type(body).model_fields[name].is_required())]
    values = body.model_dump(mode="json")
    return [f'"{name}":{rfc8785.dumps(values[name]).decode("utf-8")}' for name in names]


def _entry(row: Stored) -> Entry:
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
