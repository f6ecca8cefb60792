"""Events, checkpoints, and uses of links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "event",
        sa.Column("chain", sa.String(40), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.Float, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("link_id", sa.String(40)),
        sa.Column("principal", sa.Text),
        sa.Column("line", sa.LargeBinary, nullable=False),
        sa.Index("event_of_link", "link_id", "time"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("kid", sa.String(40), nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "link_use",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("uses", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "use_window",
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("client", sa.LargeBinary, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
