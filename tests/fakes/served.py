"""Where the official SDKs are pointed in a test: their base URLs, a key, and the upstream that answers in the end."""

from dataclasses import dataclass

from tests.fakes.upstream import Exchange, Received, UpstreamThread

BARE_MODELS = [
    "ok", "reasoning", "tools", "slow-50ms", "hang", "hang-mid", "dies-after-3", "dies-before-head", "dies-in-body",
    "resets", "resets-before-head", "400", "401", "403", "404", "409", "413", "422", "429", "500", "503", "529",
    "429-then-ok", "429-ms-then-ok", "503-then-ok", "500-no-retry", "html-error", "html-ok", "gzip", "br", "zstd",
    "deflate", "redirect", "unknown-fields", "set-cookie", "error-in-stream", "bad-chunk", "garbage", "trailers",
    "close-delimited", "keepalive-close", "1xx", "dribble", "text-embedding-fake", "ft:ok:acme::7hx", "org/ok",
]  # fmt: skip
"""The models that the api models without a prefix serve."""


@dataclass(frozen=True)
class Served:
    """The five formats as an SDK sees them."""

    openai_url: str
    responses_url: str
    anthropic_url: str
    gemini_url: str
    key: str
    upstream: UpstreamThread

    @property
    def last(self) -> Received:
        """Return what the upstream received last."""
        return self.upstream.last

    @property
    def last_exchange(self) -> Exchange:
        """Return the upstream's last exchange."""
        return self.upstream.last_exchange

    def sent_header(self, name: bytes) -> str:
        """Return a header of the upstream's last answer."""
        return dict(self.last_exchange.sent_headers)[name].decode()

    def calls_of(self, model: str) -> int:
        """Count the calls for a model since the test began."""
        return sum(model.encode() in received.body + received.target for received in self.upstream.received)
