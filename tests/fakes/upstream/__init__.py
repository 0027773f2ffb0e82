"""A provider that speaks all five formats over loopback, rightly or wrongly as the model id asks.

It imports nothing of what it helps to test. `python -m tests.fakes.upstream --port N` runs it by itself.
"""

from tests.fakes.upstream.received import Received
from tests.fakes.upstream.server import BASES, Upstream
from tests.fakes.upstream.thread import UpstreamThread
from tests.fakes.upstream.wire import Exchange

__all__ = ["BASES", "Exchange", "Received", "Upstream", "UpstreamThread"]
