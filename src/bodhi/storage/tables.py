"""The whole schema on one page: what each table and column holds. Migrations build it; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

main = MetaData(naming_convention=NAMES)
"""Configuration, accounts and sealed keys. Times are Unix seconds; ids are ULIDs; lists and objects are JSON text."""

usage = MetaData(naming_convention=NAMES)
"""One row per proxied call."""

deployment = Table(
    "deployment",
    main,
    # The one row's id is part of what every sealed text is bound to, so it never changes.
    Column("id", Text, primary_key=True),
    Column("created_at", Double, nullable=False),
)

config_version = Table(
    "config_version",
    main,
    # One row, whose number grows with every change of api models, tokens, users or data keys.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="single_row"),
)

data_keys = Table(
    "data_keys",
    main,
    Column("id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),  # seal | derive
    Column("state", Text, nullable=False),  # active | decrypt_only | destroyed
    Column("root_key_id", Text, nullable=False),  # which root key wraps it: 8 hex, not secret
    Column("wrapped", Text),  # null once destroyed
    Column("check_value", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("retired_at", Double),
)

users = Table(
    "users",
    main,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False, unique=True),  # the name case-folded
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
)

sessions = Table(
    "sessions",
    main,
    Column("mac", LargeBinary, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

tokens = Table(
    "tokens",
    main,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False, unique=True),
    Column("owner_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("scope", Text, nullable=False),
    Column("allowed_models", Text, nullable=False),  # JSON array
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
)

api_models = Table(
    "api_models",
    main,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("forward_all", Boolean, nullable=False),
    Column("models", Text, nullable=False),  # JSON array
    Column("extra_headers", Text, nullable=False),  # JSON object
    Column("extra_body", Text, nullable=False),  # JSON object
    Column("timeouts", Text, nullable=False),  # JSON object, or null for the settings'
    Column("allow_private_network", Boolean, nullable=False),
    Column("sealed_key", Text),  # null: the provider asks for no key
    Column("owner_id", Text, ForeignKey("users.id")),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

_HAS_PREFIX = text("prefix <> ''")
Index(
    "ix_api_models_prefix",
    api_models.c.prefix,
    unique=True,
    sqlite_where=_HAS_PREFIX,
    postgresql_where=_HAS_PREFIX,
)

objects = Table(
    "objects",
    main,
    # An id that a provider gave out, such as `resp_…`. Providers of two api models may give out the same one.
    Column("object_id", Text, primary_key=True),
    Column("api_model_id", Text, primary_key=True),
    Column("owner_id", Text, nullable=False),
    Column("created_at", Double, nullable=False, index=True),
)

usage_records = Table(
    "usage_records",
    usage,
    # The columns in the order of `core.usage.UsageRecord`. No foreign keys: a record outlives what it names.
    Column("id", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("user_id", Text),
    Column("token_id", Text),
    Column("api_model_id", Text),
    Column("model_asked", Text),
    Column("model_sent", Text),
    Column("endpoint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("error", Text),
    Column("stream", Boolean, nullable=False),
    Column("first_byte_us", BigInteger),
    Column("total_us", BigInteger, nullable=False),
    Column("bytes_in", BigInteger, nullable=False),
    Column("bytes_out", BigInteger, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
)
