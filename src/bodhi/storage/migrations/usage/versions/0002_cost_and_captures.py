"""What calls cost, and sealed captures of prompts and completions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns, the index for one person's calls, and the table."""
    op.add_column("usage_records", sa.Column("cache_write_tokens", sa.BigInteger()))
    op.add_column("usage_records", sa.Column("cost_nano", sa.BigInteger()))
    op.create_index("ix_usage_records_user_id_at", "usage_records", ["user_id", "at"])
    op.create_table(
        "captures",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("user_id", sa.Text()),
        sa.Column("data_key_id", sa.Text(), nullable=False),
        sa.Column("request_bytes", sa.BigInteger(), nullable=False),
        sa.Column("response_bytes", sa.BigInteger(), nullable=False),
        sa.Column("truncated", sa.Boolean(), nullable=False),
        sa.Column("sealed_request", sa.Text(), nullable=False),
        sa.Column("sealed_response", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_captures"),
    )
    op.create_index("ix_captures_at", "captures", ["at"])
    op.create_index("ix_captures_data_key_id", "captures", ["data_key_id"])
