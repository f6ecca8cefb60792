"""Notices that a link ends, and where they reach whoever made it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "notice",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("ends_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("before", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recipient", sa.Text, primary_key=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
    )
    op.add_column("principal", sa.Column("email", sa.Text))
