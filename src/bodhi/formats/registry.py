"""The formats that Bodhi speaks: one line each. Nothing outside this package compares their names."""

from bodhi.core.errors import InvalidField
from bodhi.formats import anthropic, anthropic_oauth, gemini, openai, openai_responses
from bodhi.formats.contract import Claims, Dialect, Format

FORMATS: tuple[Format, ...] = (
    openai.FORMAT,
    openai_responses.FORMAT,
    anthropic.FORMAT,
    anthropic_oauth.FORMAT,
    gemini.FORMAT,
)
"""In the order of the form."""


def dialects_of(formats: tuple[Format, ...]) -> tuple[Dialect, ...]:
    """Return each dialect once, in the order in which their claims are tried; one without claims takes what is left.

    The order of the formats decides among claims: `anthropic-version` before Google's key header. Dialects that claim
    nothing come last, the first format's at the very end: OpenAI takes what nobody else claims.
    """
    dialects = {each.dialect.name: each.dialect for each in formats}.values()
    claiming = [dialect for dialect in dialects if dialect.claims != Claims()]
    return (*claiming, *reversed([dialect for dialect in dialects if dialect.claims == Claims()]))


DIALECTS: tuple[Dialect, ...] = dialects_of(FORMATS)

_BY_NAME = {each.name: each for each in FORMATS}


def format_named(name: str) -> Format:
    """Return the format that an api model stores by name.

    Raises:
        InvalidField: Bodhi has no such format.
    """
    found = _BY_NAME.get(name)
    if found is None:
        raise InvalidField(f"{name[:80]!r} is not an API format. Choose one of: {', '.join(_BY_NAME)}.", param="format")
    return found


def private_formats(formats: tuple[Format, ...] = FORMATS) -> frozenset[str]:
    """Return the names of the formats whose api models belong to one person."""
    return frozenset(each.name for each in formats if each.private)
