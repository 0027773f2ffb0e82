"""Which usage records are wanted: the conditions that lists, exports and sums share. No query is run here."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from bodhi.core.usage import UsageRecord
from bodhi.storage.tables import usage_records
from bodhi.storage.text import is_storable


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFilter:
    """What records must have; None where anything does. Texts are compared as they are: no sign is a wildcard."""

    owner_id: str | None = None
    """Whose calls alone may be seen."""
    user_id: str | None = None
    token_id: str | None = None
    api_model_id: str | None = None
    model: str | None = None
    """Asked for or sent."""
    endpoint: str | None = None
    statuses: range | None = None
    error: str | None = None
    failed: bool | None = None
    """Whether there was an error, of whatever kind."""
    stream: bool | None = None
    since: float | None = None
    """Unix time of the oldest record wanted, itself included."""
    until: float | None = None
    """Unix time that every record wanted is older than."""

    @property
    def can_match(self) -> bool:
        """Whether a record can have the texts: what no database can hold, none of them has."""
        texts = (self.user_id, self.token_id, self.api_model_id, self.model, self.endpoint, self.error)
        return all(text is None or is_storable(text) for text in texts)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions of a query."""
        table = usage_records.c
        equal = (
            (table.user_id, self.owner_id),
            (table.user_id, self.user_id),
            (table.token_id, self.token_id),
            (table.api_model_id, self.api_model_id),
            (table.endpoint, self.endpoint),
            (table.error, self.error),
            (table.stream, self.stream),
        )
        found: list[ColumnElement[bool]] = [column == value for column, value in equal if value is not None]
        if self.model is not None:
            found.append(or_(table.model_asked == self.model, table.model_sent == self.model))
        if self.statuses is not None:
            found.append(table.status.between(self.statuses.start, self.statuses.stop - 1))
        if self.failed is not None:
            found.append(table.error.is_not(None) if self.failed else table.error.is_(None))
        if self.since is not None:
            found.append(table.at >= self.since)
        if self.until is not None:
            found.append(table.at < self.until)
        return found

    def matches(self, record: UsageRecord) -> bool:
        """Tell of a record that is at hand what the conditions would."""
        equal = (
            (record.user_id, self.owner_id),
            (record.user_id, self.user_id),
            (record.token_id, self.token_id),
            (record.api_model_id, self.api_model_id),
            (record.endpoint, self.endpoint),
            (record.error, self.error),
            (record.stream, self.stream),
            (record.error is not None, self.failed),
        )
        return (
            all(value == wanted for value, wanted in equal if wanted is not None)
            and (self.model is None or self.model in (record.model_asked, record.model_sent))
            and (self.statuses is None or record.status in self.statuses)
            and (self.since is None or record.at >= self.since)
            and (self.until is None or record.at < self.until)
        )


EVERYTHING = UsageFilter()
