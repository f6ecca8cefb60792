"""Links that are inboxes, and what is being sent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the column and the table."""
    op.add_column("link", sa.Column("inbox", sa.JSON))
    op.create_table(
        "inbox_upload",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("link_id", sa.Text, sa.ForeignKey("link.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("store_id", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("part_size", sa.BigInteger, nullable=False),
        sa.Column("is_complete", sa.Boolean, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
