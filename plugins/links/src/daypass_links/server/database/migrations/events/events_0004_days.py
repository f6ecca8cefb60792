"""How often each link was used on each day, and when last, in place of how often at all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

#: The day of an event, and the whole second of the newest, as both databases say them.
_SAID = {
    "sqlite": ("date(time, 'unixepoch')", "CAST(max(time) AS integer)"),
    "postgresql": (
        "CAST(to_timestamp(time) AT TIME ZONE 'UTC' AS date)",
        "CAST(floor(max(time)) AS bigint)",
    ),
}


def upgrade() -> None:
    """Make the table, of what is written down already."""
    op.create_table(
        "use_day",
        sa.Column("link_id", sa.String(40), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("chain", sa.String(40), primary_key=True),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    day, last = _SAID[op.get_bind().dialect.name]
    select = f"SELECT link_id, {day}, chain, count(*), {last} FROM event "  # noqa: S608 - no value
    op.execute(
        f"INSERT INTO use_day (link_id, day, chain, uses, last_at) {select} "
        f"WHERE kind = 'use' AND link_id IS NOT NULL GROUP BY link_id, {day}, chain"
    )
    op.drop_table("use_count")
