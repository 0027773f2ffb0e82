"""What a user name may be. Which names are taken is storage's."""

import unicodedata

from bodhi.core.errors import InvalidField

MAX_USER_NAME = 64


def check_user_name(text: str, *, param: str = "username") -> str:
    """Return a user name without blanks around it.

    Raises:
        InvalidField: empty, longer than 64 characters, or characters that cannot be seen.
    """
    name = unicodedata.normalize("NFC", text.strip())
    if not 0 < len(name) <= MAX_USER_NAME or not name.isprintable() or " " in name:
        raise InvalidField(f"The user name must have 1 to {MAX_USER_NAME} characters without blanks.", param=param)
    return name
