"""An index for whoever looks for the entries of some days.

The times are texts in whichever zone they were written with; `search` asks for a day more on both sides and looks then.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make it."""
    op.create_index("register_entry_of_day", "register_entry", ["at"])
