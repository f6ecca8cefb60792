"""Of files on their way into an inbox, whether the store was asked to make them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the column."""
    op.add_column(
        "inbox_upload",
        sa.Column("is_asked_for", sa.Boolean, nullable=False, server_default=sa.false()),
    )
