"""Decodes a copy of a compressed answer for those who look beside the stream. What the client gets is never decoded.

Output is bounded, whatever the input claims: a decoder that passes the bound goes quiet for good.
"""

import zlib
from collections.abc import Callable

import brotli
import zstandard

MAX_DECODED = 16 * 1024 * 1024
_SLICE = 256
"""Input is fed in small slices, so that one slice of a decompression bomb cannot fill the memory."""


class Decoder:
    """One content coding, incrementally."""

    def __init__(self, decode: Callable[[bytes], bytes]) -> None:
        self._decode = decode
        self._decoded = 0
        self.given_up = False

    def feed(self, data: bytes) -> bytes:
        """Return what the data decodes to; nothing once the coding proved broken or the bound is passed."""
        pieces: list[bytes] = []
        for start in range(0, len(data), _SLICE):
            if self.given_up:
                break
            try:
                piece = self._decode(data[start : start + _SLICE])
            except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
                self.given_up = True
                break
            self._decoded += len(piece)
            if self._decoded > MAX_DECODED:
                self.given_up = True
            else:
                pieces.append(piece)
        return b"".join(pieces)


def new_decoder(coding: bytes) -> Decoder | None:
    """Return a decoder for a Content-Encoding (RFC 9110 section 8.4.1), or None for one that is not known."""
    decode = _CODINGS.get(coding.strip().lower())
    return Decoder(decode()) if decode else None


def _inflate(window_bits: int) -> Callable[[], Callable[[bytes], bytes]]:
    def new() -> Callable[[bytes], bytes]:
        inflater = zlib.decompressobj(window_bits)

        def decode(data: bytes) -> bytes:
            nonlocal inflater
            plain = inflater.decompress(data, MAX_DECODED)
            # A gzip file is one member or several, one behind the other (RFC 1952 section 2.2).
            while inflater.eof and (rest := inflater.unused_data):
                inflater = zlib.decompressobj(window_bits)
                plain += inflater.decompress(rest, MAX_DECODED)
            return plain

        return decode

    return new


def _new_brotli() -> Callable[[bytes], bytes]:
    decode: Callable[[bytes], bytes] = brotli.Decompressor().process
    return decode


def _new_zstd() -> Callable[[bytes], bytes]:
    return zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024).decompressobj(read_across_frames=True).decompress


_CODINGS: dict[bytes, Callable[[], Callable[[bytes], bytes]]] = {
    b"gzip": _inflate(31),
    b"x-gzip": _inflate(31),
    b"deflate": _inflate(15),
    b"br": _new_brotli,
    b"zstd": _new_zstd,
}
