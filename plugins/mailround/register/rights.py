"""Who may do what to the register in PostgreSQL: one role owns the table, another works with it and can only add to it.

A trigger stops a mistake, not the table's owner, who may drop it. So the owner's password is where migrations are run
and nowhere else, and every use of the register refuses to work as a role that could do more than read and append.
SQLite knows no roles: there the file's mode is all (docs/adr/0019).
"""

from __future__ import annotations

import sqlalchemy as sa

from mailround.errors import RegisterError

_LOCK = 0x6D696773
_TOO_MANY = """
SELECT has_table_privilege(session_user, entry.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')
  OR has_any_column_privilege(session_user, entry.oid, 'UPDATE')
  OR EXISTS (
    SELECT 1 FROM pg_roles AS role
    WHERE pg_has_role(session_user, role.oid, 'MEMBER')
      AND (role.rolsuper OR role.rolcreaterole OR role.oid IN (entry.relowner, nspowner, datdba)
        OR role.rolname IN ('pg_write_server_files', 'pg_execute_server_program')))
FROM pg_class AS entry
JOIN pg_namespace ON pg_namespace.oid = entry.relnamespace
JOIN pg_database ON datname = current_database()
WHERE entry.oid = to_regclass('register_entry')
"""
# The role that logged in, not the one it plays: it can become itself again. A schema's owner may drop what is in it.

_HOLDERS = """
SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
FROM pg_class AS entry,
  LATERAL (SELECT relacl UNION ALL SELECT attacl FROM pg_attribute WHERE attrelid = entry.oid) AS lists(list),
  LATERAL aclexplode(list)
WHERE entry.oid = to_regclass(:name) AND grantee <> relowner
"""


def too_many(connection: sa.Connection) -> bool:
    """Tell whether the role that logged in to PostgreSQL could get past the triggers, as it is or as another role."""
    return bool(connection.execute(sa.text(_TOO_MANY)).scalar())


def grant(connection: sa.Connection, worker: str) -> None:
    """Let one role read and append, and nobody else but the owner do anything (PostgreSQL).

    Args:
        connection: One of the table's owner.
        worker: The role that works.

    Raises:
        RegisterError: There is no such role.
    """
    # Two at once would change the same rows of the catalogue, and one of them would fail.
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    named = {"name": worker}
    role = connection.execute(
        sa.text("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = :name"), named
    ).scalar()
    if role is None:
        raise RegisterError(
            "MAILROUND_REGISTER_URL の役割が、データベースにありません。",
            "README の「For a real ward」のとおり役割を作ってから、もう一度実行してください。",
        )
    for table, rights in (("register_entry", "SELECT, INSERT"), ("register_version", "SELECT")):
        for holder in connection.execute(sa.text(_HOLDERS), {"name": table}).scalars().all():
            connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM {holder}")
        connection.exec_driver_sql(f"GRANT {rights} ON {table} TO {role}")
    schema = "SELECT quote_ident(nspname) FROM pg_namespace, pg_class WHERE relnamespace = pg_namespace.oid"
    of_table = f"{schema} AND pg_class.oid = to_regclass('register_entry')"
    closed = f"{of_table} AND NOT has_schema_privilege(:name, pg_namespace.oid, 'USAGE')"
    for name in connection.execute(sa.text(closed), named).scalars().all():
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {name} TO {role}")
