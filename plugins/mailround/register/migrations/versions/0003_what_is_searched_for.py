"""Indexes for whoever looks for entries of a kind or of a person: the console's pages, over many years.

SQLite's expression is careful: an index must not be what refuses a body that somebody has put there past the register.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_SQLITE = "CASE WHEN json_valid(body) THEN json_extract(body, '$.kind') END"
_POSTGRES = """substring(body from '"kind":"([a-z_]+)"')"""


def upgrade() -> None:
    """Make them; `search` asks by the same expressions."""
    kind = _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRES
    op.execute(f"CREATE INDEX register_entry_of_kind ON register_entry (({kind}), seq)")
    op.execute("CREATE INDEX register_entry_of_actor ON register_entry (actor, seq)")
