"""The register's one table, with triggers that refuse every change to a row.

``batch_alter_table`` would silently drop the triggers on SQLite; no later migration may use it on this table.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SQLITE = """
CREATE TRIGGER register_entry_no_{name} BEFORE {verb} ON register_entry
BEGIN SELECT RAISE(ABORT, 'register entries are never changed'); END
"""
# INSERT OR REPLACE deletes the row in its way without asking a DELETE trigger: let nothing in but the next link.
_SQLITE_NEXT = """
CREATE TRIGGER register_entry_only_next BEFORE INSERT ON register_entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM register_entry)
  OR EXISTS (SELECT 1 FROM register_entry WHERE previous = NEW.previous OR hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'register entries are never changed'); END
"""
_POSTGRES_FUNCTION = """
CREATE FUNCTION register_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'register entries are never changed'; END $$
"""
# ALWAYS: a session in replica mode may not slip past the trigger either.
_POSTGRES = """
CREATE TRIGGER register_entry_no_{name} BEFORE {verb} ON register_entry
FOR EACH STATEMENT EXECUTE FUNCTION register_entry_refuse();
ALTER TABLE register_entry ENABLE ALWAYS TRIGGER register_entry_no_{name}
"""


def upgrade() -> None:
    """Create the table and its triggers."""
    op.create_table(
        "register_entry",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("round_id", sa.String(32), nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE.format(verb=verb, name=verb.lower()))
        op.execute(_SQLITE_NEXT)
    else:
        op.execute(_POSTGRES_FUNCTION)
        for verb in ("UPDATE", "DELETE", "TRUNCATE"):
            op.execute(_POSTGRES.format(verb=verb, name=verb.lower()))
