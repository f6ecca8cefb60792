"""Links, API keys, and what has changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "principal",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("groups", sa.JSON, nullable=False),
        sa.Column("heard_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("principal", sa.Text, sa.ForeignKey("principal.name"), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("prefixes", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("revoked_at", sa.BigInteger),
    )
    op.create_table(
        "link",
        sa.Column("n", _NUMBER, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("owner", sa.Text, sa.ForeignKey("principal.name"), nullable=False, index=True),
        sa.Column("path", sa.Text, nullable=False, index=True),
        sa.Column("prefix", sa.Boolean, nullable=False),
        sa.Column("methods", sa.JSON, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("starts_at", sa.BigInteger),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("max_uses", sa.Integer),
        sa.Column("ip_range", sa.Text),
        sa.Column("https_only", sa.Boolean, nullable=False),
        sa.Column("referrers", sa.JSON),
        sa.Column("label", sa.Text, index=True),
        sa.Column("note", sa.Text),
        sa.Column("headers", sa.JSON, nullable=False),
        sa.Column("unenforced", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
        sa.Column("revoked_by", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "change",
        sa.Column("seq", _NUMBER, primary_key=True),
        sa.Column("link_id", sa.Text),
        sqlite_autoincrement=True,
    )
