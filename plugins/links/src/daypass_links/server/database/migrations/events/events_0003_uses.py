"""How many uses of each link every chain has."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table, of what is written down already."""
    op.create_table(
        "use_count",
        sa.Column("link_id", sa.String(40), primary_key=True),
        sa.Column("chain", sa.String(40), primary_key=True),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO use_count (link_id, chain, uses) SELECT link_id, chain, count(*) FROM event "
        "WHERE kind = 'use' AND link_id IS NOT NULL GROUP BY link_id, chain"
    )
