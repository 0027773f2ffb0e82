"""Where a call's time went, how its answer ended, and what was sent upstream."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; calls of before have nothing there."""
    for name in ("checked_us", "read_us", "chosen_us", "connected_us"):
        op.add_column("usage_records", sa.Column(name, sa.BigInteger()))
    op.add_column("usage_records", sa.Column("finish", sa.Text()))
    op.add_column("captures", sa.Column("sealed_sent", sa.Text()))
