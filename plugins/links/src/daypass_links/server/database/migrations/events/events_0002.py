"""Spans of time in which somebody has looked for unusual rates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "watched",
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
    )
