"""How long a sign-in lasts, in seconds. Storing sessions is storage's, opening and recognising them identity's."""

IDLE_SECONDS = 12 * 3600.0
"""A session that nobody used for this long has ended."""

ABSOLUTE_SECONDS = 7 * 86_400.0
"""However much it is used, a session ends after this long."""

CONFIRMED_SECONDS = 600.0
"""For how long after a proof of identity the acts that ask for a recent one are allowed."""

CHAT_TOKEN_SECONDS = 900.0
"""The life of a signed-in page's token for model calls; the page asks for a new one in time."""
