"""What whoever gets a link is shown on its page, and the password that it may have."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns: links that are there have no page with more than they had."""
    op.add_column("link", sa.Column("message", sa.Text))
    op.add_column(
        "link", sa.Column("preview", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.add_column("link", sa.Column("password", sa.Text))
