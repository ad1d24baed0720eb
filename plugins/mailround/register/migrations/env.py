"""Alembic environment: one connection, one transaction, no offline mode."""

import sqlalchemy as sa
from alembic import context

engine = sa.create_engine(context.config.get_main_option("sqlalchemy.url") or "", poolclass=sa.pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, version_table="register_version")
    with context.begin_transaction():
        context.run_migrations()
