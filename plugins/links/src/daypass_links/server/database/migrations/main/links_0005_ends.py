"""Links in the order in which they end."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the index."""
    op.create_index("link_by_end", "link", ["ends_at", "n"])
