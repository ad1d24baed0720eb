"""Alembic environment: one connection, one transaction, one migrating process at a time, no offline mode."""

import sqlalchemy as sa
from alembic import context

_LOCK = 0x6D696772

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    # A migration that is killed, or raced by another, must never leave the table without its triggers.
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA busy_timeout = 30000")
        connection.commit()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    context.configure(connection=connection, version_table="register_version", transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
