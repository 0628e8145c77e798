"""Responses within bounds: what is unpacked, and how much of a page is read."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

import httpx2

__all__ = ["COMPRESSED", "TooMuchError", "Unpacker", "bound"]

COMPRESSED = {"gzip", "x-gzip", "deflate"}
"""Encodings that are read although none was asked for: some proxies compress whatever passes."""

SLICE = 64 * 1024
"""Bytes that are unpacked at a time."""

FREE = 16 * 1024 * 1024
"""Bytes that may be unpacked of however few."""

RATIO = 100
"""Bytes, beyond those, that one compressed byte may become. Events become ten or so; a bomb a
thousand."""

MOST = 256 * 1024 * 1024
"""Bytes of a whole answer: vectors for a batch of texts need a tenth of it."""

PAGE = 256 * 1024
"""Bytes that are read of an error page."""


class TooMuchError(Exception):
    """A response is larger, unpacked, than any of its kind, or cannot be unpacked."""


class Unpacker:
    """Unpacks a compressed response slice by slice, as long as it stays within reason."""

    def __init__(self) -> None:
        """Begin a response."""
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # any header
        self._read = self._unpacked = 0

    def feed(self, read: bytes) -> Iterator[bytes]:
        """Unpack what one read brought, a slice at a time.

        Raises:
            TooMuchError: It becomes more than anybody sends, or it is broken.
        """
        while read:
            try:
                unpacked = self._inflate.decompress(read, SLICE)
            except zlib.error as error:
                raise TooMuchError(f"a broken compressed stream ({error})") from error
            rest = self._inflate.unconsumed_tail
            self._read += len(read) - len(rest)
            self._unpacked += len(unpacked)
            if self._unpacked > FREE and self._unpacked > RATIO * self._read:
                raise TooMuchError(f"{self._read} bytes that unpack to more than {self._unpacked}")
            if unpacked:
                yield unpacked
            read = rest


async def bound(response: httpx2.Response) -> None:
    """Keep a response within bounds, as an event hook of a client.

    A stream of events is left alone: whoever reads it bounds it.

    Raises:
        TooMuchError: It is compressed in a way that nobody asked for.
    """
    whole = response.status_code < 400
    if whole and "text/event-stream" in response.headers.get("content-type", "").lower():
        return
    encoding = response.headers.get("content-encoding", "identity").lower()
    if encoding not in COMPRESSED | {"identity"}:
        raise TooMuchError(f"an answer compressed by {encoding}")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    unpacker = Unpacker() if encoding in COMPRESSED else None
    response.stream = _Bounded(response.stream, unpacker, whole=whole)
    if unpacker is not None:
        del response.headers["content-encoding"]


class _Bounded(httpx2.AsyncByteStream):
    def __init__(
        self, inner: httpx2.AsyncByteStream, unpacker: Unpacker | None, *, whole: bool
    ) -> None:
        self._inner, self._unpacker, self._whole = inner, unpacker, whole

    async def __aiter__(self) -> AsyncIterator[bytes]:
        reads = aiter(self._inner)
        size = 0
        try:
            async for read in reads:
                for part in (read,) if self._unpacker is None else self._unpacker.feed(read):
                    size += len(part)
                    yield part
                    if not self._whole and size > PAGE:
                        return  # enough to quote
                    if size > MOST:
                        raise TooMuchError(f"an answer of more than {MOST} bytes")
        finally:
            # The client's own generators end when they read on from a connection that is closed:
            # nothing else reaches the inner ones, and trio minds those that are left behind.
            await self._inner.aclose()
            with suppress(Exception):
                while True:
                    await anext(reads)

    async def aclose(self) -> None:
        await self._inner.aclose()
