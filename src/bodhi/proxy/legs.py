"""Keeps the unchanging part of requests per api model, opened key included, for as long as a key may stay open."""

from bodhi.core.api_model import ApiModel, Timeouts
from bodhi.core.clock import Clock
from bodhi.directory.live import Directory
from bodhi.directory.snapshot import Snapshot
from bodhi.relay.outbound import Leg, new_leg

KEPT_SECONDS = 30.0
"""With the 30 s that the directory keeps an opened key, a provider's key stays open in memory for at most 60 s."""


class Legs:
    """A small store of legs; it holds at most one per api model, and none of an outdated snapshot."""

    def __init__(self, directory: Directory, timeouts: Timeouts, clock: Clock) -> None:
        self._directory = directory
        self._timeouts = timeouts
        self._monotonic = clock.monotonic
        self._snapshot: Snapshot | None = None
        self._kept: dict[str, tuple[float, Leg]] = {}
        # Without this, a process that nobody calls would hold the last keys for ever.
        directory.on_forget(self._kept.clear)

    def leg(self, snapshot: Snapshot, api_model: ApiModel) -> Leg:
        """Return the leg to an api model of the given snapshot.

        Raises:
            ApiModelUnusable: its stored key cannot be opened.
        """
        if snapshot is not self._snapshot:
            self._kept.clear()
            self._snapshot = snapshot
        now = self._monotonic()
        kept = self._kept.get(api_model.id)
        if kept is not None and now < kept[0]:
            return kept[1]
        secret = self._directory.secret_for(api_model)
        leg = new_leg(api_model, snapshot.table.format_of(api_model), secret, self._timeouts)
        self._kept[api_model.id] = (now + KEPT_SECONDS, leg)
        return leg
