"""What the pages keep: chats, preferences, and how each api model's last test went."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables."""
    _chats()
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_preferences_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="pk_preferences"),
    )
    op.create_table(
        "api_model_tests",
        sa.Column("api_model_id", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["api_model_id"], ["api_models.id"], name="fk_api_model_tests_api_model_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("api_model_id", name="pk_api_model_tests"),
    )


def _chats() -> None:
    op.create_table(
        "chats",
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("data_key_id", sa.Text(), nullable=False),
        sa.Column("sealed_title", sa.Text(), nullable=False),
        sa.Column("sealed_settings", sa.Text(), nullable=False),
        sa.Column("leaf_id", sa.Text()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_chats_owner_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner_id", "id", name="pk_chats"),
    )
    op.create_index("ix_chats_owner_id_updated_at", "chats", ["owner_id", "updated_at"])
    op.create_index("ix_chats_data_key_id", "chats", ["data_key_id"])
    op.create_table(
        "chat_messages",
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text()),
        sa.Column("data_key_id", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id", "chat_id"],
            ["chats.owner_id", "chats.id"],
            name="fk_chat_messages_owner_id_chat_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("owner_id", "chat_id", "id", name="pk_chat_messages"),
    )
    op.create_index("ix_chat_messages_data_key_id", "chat_messages", ["data_key_id"])
