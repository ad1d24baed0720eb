"""In both databases nothing gets in but the next link: the next number, and the last entry's hash before it.

Version 0.1.0 asked for the number on SQLite alone. Whether the link's own hash is right, only verifying tells.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = """
CREATE TRIGGER register_entry_only_next BEFORE INSERT ON register_entry
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM register_entry)
  OR NEW.previous IS NOT coalesce((SELECT hash FROM register_entry ORDER BY seq DESC LIMIT 1), '{genesis}')
  OR EXISTS (SELECT 1 FROM register_entry WHERE hash = NEW.hash)
BEGIN SELECT RAISE(ABORT, 'register entries are never changed'); END
"""
# The table is named by the trigger, and the search path is fixed: whoever inserts could shadow either.
_POSTGRES_FUNCTION = """
CREATE FUNCTION register_entry_require_next() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS
$$
DECLARE last record;
BEGIN
  EXECUTE format('SELECT seq, hash FROM %I.%I ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME) INTO last;
  IF NEW.seq IS DISTINCT FROM coalesce(last.seq, 0) + 1
    OR NEW.previous IS DISTINCT FROM coalesce(last.hash, '{genesis}') THEN
    RAISE EXCEPTION 'register entries are never changed';
  END IF;
  RETURN NEW;
END
$$
"""
_POSTGRES = """
CREATE TRIGGER register_entry_only_next BEFORE INSERT ON register_entry
FOR EACH ROW EXECUTE FUNCTION register_entry_require_next();
ALTER TABLE register_entry ENABLE ALWAYS TRIGGER register_entry_only_next
"""


def upgrade() -> None:
    """Make the trigger, on SQLite in the place of the first one."""
    genesis = "0" * 64
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER register_entry_only_next")
        op.execute(_SQLITE.format(genesis=genesis))
    else:
        op.execute(_POSTGRES_FUNCTION.format(genesis=genesis))
        op.execute(_POSTGRES)
