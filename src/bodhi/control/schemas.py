"""Shapes that several endpoints share: what goes in is strict, what goes out is complete."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer

from bodhi.core.clock import iso_time

Time = Annotated[float, PlainSerializer(iso_time, return_type=str, when_used="json")]
"""Unix time inside, RFC 3339 in UTC outside."""


class Body(BaseModel):
    """A request body: an unknown field or a value of another type is an error that names the field."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ErrorShown(BaseModel):
    """What went wrong."""

    code: str
    """Stable; see the documentation."""
    message: str
    """For a person."""
    param: str | None = None
    """The field at fault, if there is one."""


class ErrorBody(BaseModel):
    """The one error body of this API."""

    error: ErrorShown
