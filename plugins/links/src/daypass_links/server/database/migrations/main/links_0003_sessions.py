"""Sessions of people with a browser, and codes by which they sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "session",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("principal", sa.Text, sa.ForeignKey("principal.name"), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True)),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sign_in_code",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("principal", sa.Text, sa.ForeignKey("principal.name"), nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sign_in_state",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
