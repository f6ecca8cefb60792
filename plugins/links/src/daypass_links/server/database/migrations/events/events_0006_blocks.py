"""Events by blocks, one for each commit, in place of a row for each."""

from __future__ import annotations

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

#: So many events make a block, since it is not known which were one commit.
_TOGETHER = 500


def upgrade() -> None:
    """Make the tables, of what is written down already."""
    event = sa.table("event", *map(sa.column, ("chain", "seq", "time", "link_id", "line")))
    block = op.create_table(
        "event_block",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("first", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("oldest", sa.Float, nullable=False),
        sa.Column("newest", sa.Float, nullable=False),
        sa.Column("lines", sa.LargeBinary, nullable=False),
        sa.Index("event_block_place", "chain", "first", unique=True),
        sa.Index("event_block_newest", "newest"),
    )
    of_link = op.create_table(
        "link_block",
        sa.Column("link_id", sa.String(40), primary_key=True),
        sa.Column("oldest", sa.Float, primary_key=True),
        sa.Column("block", sa.BigInteger, primary_key=True),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    place = sa.tuple_(event.c.chain, event.c.seq)
    page = sa.select(event).order_by(event.c.chain, event.c.seq).limit(_TOGETHER)
    rows = connection.execute(page).all()
    while rows:
        for chain, same in groupby(rows, key=lambda row: row.chain):
            some = [*same]
            times = [row.time for row in some]
            said = {
                "chain": chain,
                "first": some[0].seq,
                "last": some[-1].seq,
                "oldest": min(times),
                "newest": max(times),
                "lines": b"".join(bytes(row.line) for row in some),
            }
            made = connection.execute(sa.insert(block).values(said).returning(block.c.id))
            beside = {"oldest": min(times), "block": made.scalar_one()}
            links = {row.link_id for row in some} - {None}
            if links:
                connection.execute(
                    sa.insert(of_link), [{"link_id": one, **beside} for one in links]
                )
        rows = connection.execute(page.where(place > (rows[-1].chain, rows[-1].seq))).all()
    op.drop_table("event")
