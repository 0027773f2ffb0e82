"""The whole schema on one page: what each table and column holds. Migrations build it; a test compares the two."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
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
    Column("password_hash", Text),  # null: signs in at the identity provider, or not at all
    Column("issuer", Text),  # with `subject` the identity at an OpenID Connect provider; both or neither
    Column("subject", Text),
    Column("reads_captures", Boolean, nullable=False, server_default=false()),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("signed_in_at", Double),
    Index("ix_users_issuer_subject", "issuer", "subject", unique=True),
)

sessions = Table(
    "sessions",
    main,
    Column("id", Text, primary_key=True),
    Column("mac", LargeBinary, nullable=False, unique=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("method", Text, nullable=False),  # password | oidc | setup | invite
    Column("carried_by", Text, nullable=False),  # cookie | bearer
    Column("created_at", Double, nullable=False),
    Column("authenticated_at", Double, nullable=False),  # when the person last proved who they are
    Column("seen_at", Double, nullable=False),  # to the minute
    Column("expires_at", Double, nullable=False, index=True),  # whatever is done meanwhile
    Column("address", Text),
    Column("user_agent", Text),
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
    Column("disabled_at", Double),
    Column("disabled_by", Text),  # who did, so that its owner does not undo what a Manager did
    Column("lifetime", Double),  # seconds that a new secret works for; null: for ever
    # The secret before the last rotation, and until when it still works.
    Column("previous_mac", LargeBinary, unique=True),
    Column("previous_until", Double),
    # A chat token ends with the session that it was made for; null for tokens of programs.
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), index=True),
)

invites = Table(
    "invites",
    main,
    # A one-time link: to make an account, or to set a new password for one.
    Column("id", Text, primary_key=True),
    Column("mac", LargeBinary, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),  # invite | password_reset
    Column("role", Text),  # of the account that an invite makes
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), index=True),  # whose password is reset
    Column("note", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_by_name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("used_at", Double),
    Column("revoked_at", Double),
)

access_requests = Table(
    "access_requests",
    main,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending | approved | rejected
    Column("role", Text),  # the role that was given
    Column("created_at", Double, nullable=False),
    Column("decided_at", Double),
    Column("decided_by", Text),
    Column("decided_by_name", Text),
)

oidc_flows = Table(
    "oidc_flows",
    main,
    # A sign-in that has gone to the identity provider and not come back. Its row is removed when it does, whatever
    # the answer, so that no state works twice.
    Column("state_mac", LargeBinary, primary_key=True),
    Column("browser_mac", LargeBinary, nullable=False),  # of the cookie that ties the flow to a browser
    Column("sealed", Text, nullable=False),  # nonce and PKCE verifier
    Column("purpose", Text, nullable=False),  # sign_in | setup | confirm
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE")),  # which one is confirmed
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
)

attempts = Table(
    "attempts",
    main,
    # Throttles by GCRA: one moment for each subject that tries, hashed, since it may be anything that was typed.
    Column("subject", LargeBinary, primary_key=True),
    Column("arrival", Double, nullable=False, index=True),  # the theoretical arrival time
)

policies = Table(
    "policies",
    main,
    # What Admins decide for everybody, by name.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

audit_log = Table(
    "audit_log",
    main,
    # The administrative acts, each chained to the one before by a keyed MAC. No foreign keys: a row outlives what it
    # names.
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False, index=True),
    Column("action", Text, nullable=False, index=True),
    Column("outcome", Text, nullable=False),
    Column("reason", Text),
    Column("count", BigInteger, nullable=False),
    Column("via", Text, nullable=False),
    Column("user_id", Text, index=True),
    Column("user_name", Text),
    Column("token_id", Text),
    Column("session_id", Text),
    Column("address", Text),
    Column("subject_id", Text, index=True),
    Column("subject_name", Text),
    Column("before", Text, nullable=False),  # JSON object
    Column("after", Text, nullable=False),  # JSON object
    Column("mac", LargeBinary, nullable=False),
)

audit_head = Table(
    "audit_head",
    main,
    # One row: the last link of the chain. Its lock makes writers take turns.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("mac", LargeBinary, nullable=False),
    CheckConstraint("id = 1", name="single_row"),
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

api_model_tests = Table(
    "api_model_tests",
    main,
    # How the last Test connection of each api model went, as it is stored.
    Column("api_model_id", Text, ForeignKey("api_models.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Double, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("model", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("detail", Text, nullable=False),  # the provider's own words, without its key
    Column("status", Integer),  # null: there was no answer
    Column("duration_ms", BigInteger, nullable=False),
)

chats = Table(
    "chats",
    main,
    # Conversations of the chat page. What people wrote is sealed, titles too, and bound to its owner and its row. Pages
    # make the ids, so that one person's may be another's too and tells nobody anything.
    Column("owner_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Text, primary_key=True),
    Column("data_key_id", Text, nullable=False, index=True),  # which data key seals title and settings
    Column("sealed_title", Text, nullable=False),
    Column("sealed_settings", Text, nullable=False),
    Column("leaf_id", Text),  # the message at the end of the branch that is shown
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index("ix_chats_owner_id_updated_at", "owner_id", "updated_at"),
)

chat_messages = Table(
    "chat_messages",
    main,
    # A chat is a tree: messages that share a parent are branches.
    Column("owner_id", Text, primary_key=True),
    Column("chat_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("parent_id", Text),  # null: a first message
    Column("data_key_id", Text, nullable=False, index=True),
    Column("bytes", BigInteger, nullable=False),  # of the message as JSON, before it was sealed
    Column("created_at", Double, nullable=False),
    Column("sealed", Text, nullable=False),
    ForeignKeyConstraint(["owner_id", "chat_id"], ["chats.owner_id", "chats.id"], ondelete="CASCADE"),
)

preferences = Table(
    "preferences",
    main,
    Column("user_id", Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("value", Text, nullable=False),  # JSON object
    Column("updated_at", Double, nullable=False),
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
    Column("cache_write_tokens", BigInteger),
    Column("cost_nano", BigInteger),  # billionths of a US dollar; null: unknown, which is not free
    # Microseconds from the call's start; null where it did not come so far.
    Column("checked_us", BigInteger),  # the token was known
    Column("read_us", BigInteger),  # the request was there whole
    Column("chosen_us", BigInteger),  # the api model was chosen and the request for it made
    Column("connected_us", BigInteger),  # a connection to the provider was there
    Column("finish", Text),  # why the answer ended, in the provider's word
    Index("ix_usage_records_user_id_at", "user_id", "at"),
)

captures = Table(
    "captures",
    usage,
    # Prompts and completions, where an Admin has turned that on. The long texts come last, so that reading the columns
    # before them does not read them.
    Column("call_id", Text, primary_key=True),
    Column("at", Double, nullable=False, index=True),
    Column("user_id", Text),
    Column("data_key_id", Text, nullable=False, index=True),  # which data key seals both
    Column("request_bytes", BigInteger, nullable=False),  # of the whole, of which a part may be kept
    Column("response_bytes", BigInteger, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("sealed_request", Text, nullable=False),
    Column("sealed_response", Text, nullable=False),
    Column("sealed_sent", Text),  # what was sent upstream and why it differs; null where nothing was
)
