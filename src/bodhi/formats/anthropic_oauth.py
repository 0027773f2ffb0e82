"""The Anthropic OAuth format: Anthropic's dialect with a subscription token of one person, and what goes with it.

Nothing here imitates another program: what the form pre-fills are the values of the product page, for a person to see.
"""

from dataclasses import replace

from bodhi.core.types import Headers
from bodhi.formats import anthropic
from bodhi.formats.contract import ProviderPreset

OAUTH_BETA = "oauth-2025-04-20"
"""Without this among the values of `anthropic-beta`, the API refuses every bearer token with 401."""

NOTICE = (
    "Anthropic's terms allow subscription tokens only for ordinary use of Claude Code and Anthropic's own apps. They "
    "do not allow serving other people with them, and Anthropic may restrict an account without notice "
    "(code.claude.com/docs/en/legal-and-compliance). This entry therefore serves nobody but you. "
    "For a product or a team, use the Anthropic format with an API key."
)


def _key_headers(key: str) -> Headers:
    return ((b"authorization", b"Bearer " + key.encode()),)


FORMAT = replace(
    anthropic.FORMAT,
    name="anthropic_oauth",
    label="Anthropic OAuth",
    key_headers=_key_headers,
    key_prefix="sk-ant-oat01-",
    required_values={b"anthropic-beta": (OAUTH_BETA.encode(),)},
    preset_headers={
        "anthropic-version": "2023-06-01",
        "anthropic-beta": f"claude-code-20250219,{OAUTH_BETA}",
    },
    preset_body={"max_tokens": 4096},
    private=True,
    notice=NOTICE,
    providers=(
        ProviderPreset(
            "Anthropic OAuth",
            anthropic.BASE_URL,
            key_url="https://code.claude.com/docs/en/authentication",
        ),
    ),
)
