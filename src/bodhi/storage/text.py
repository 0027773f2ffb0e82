"""Which texts a database can hold. PostgreSQL has no NUL in text, and neither database takes a lone surrogate."""


def is_storable(text: str) -> bool:
    """Tell whether a text can be stored, and so whether looking for it can find anything."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def storable(text: str, longest: int) -> str:
    """Return the text cut to a length, with what a database cannot hold replaced."""
    return text[:longest].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
