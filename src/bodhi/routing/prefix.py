"""The prefix of an api model: matched, stripped and joined. The prefix is literal text, its separator included."""


def matches(prefix: str, model: str) -> bool:
    """Tell whether a client's model id begins with the prefix and names something behind it."""
    return len(model) > len(prefix) and model.startswith(prefix)


def strip(prefix: str, model: str) -> str:
    """Return the upstream's id of a model that a client asked for."""
    return model[len(prefix) :]
