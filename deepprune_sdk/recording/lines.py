"""The lines of a file that may be gzipped, and that may end in the middle of one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

__all__ = ["GZIP", "LONGEST_LINE", "Lines"]

GZIP: Final = b"\x1f\x8b"
"""The first bytes of a gzip member. Files are told apart by these, never by their names."""

LONGEST_LINE: Final = 1 << 27
"""Bytes of a line, unpacked, beyond which a file is not read: a trace of a million tokens with all
that can be recorded of each takes a third of that. A few kilobytes of gzip can unpack to more than
any memory holds."""

_BLOCK: Final = 1 << 16
_GZIP_WINDOW: Final = 31
"""zlib's name for a window of 32 KiB inside a gzip wrapper."""


class Lines:
    """Reads a file line by line, without its line ends, and keeps account of where it is whole.

    One block and one line are in memory at a time. What the attributes say of the file's end holds
    once the lines have been read to theirs.

    Attributes:
        gzipped: Whether the file is gzipped.
        whole: Bytes of the file, from its beginning, that hold whole lines in whole gzip members.
        inside: Whole lines that lie beyond `whole`, in a member that is not.
        rest: Text after the last line end.
        fault: What is wrong with the compression, or with a line that is too long to read; or "".
        too_long: Whether it is the latter; reading ends there, and `rest` is not all of the line.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Read `file` from where it stands."""
        self._file = file
        self.gzipped: bool = False
        self.whole: int = 0
        self.inside: int = 0
        self.rest: bytes = b""
        self.fault: str = ""
        self.too_long: bool = False

    def __iter__(self) -> Iterator[bytes]:
        """Give every line that has its end."""
        first = self._file.read(_BLOCK)
        self.gzipped = first.startswith(GZIP)
        parts: list[bytes] = []  # of the line that has begun: joined once, when it ends
        size = 0
        for data, end in self._members(first) if self.gzipped else self._plain(first):
            head, *others = data.split(b"\n")
            parts.append(head)
            size += len(head)
            if size > LONGEST_LINE:
                self.too_long = True
                self.fault = f"a line is longer than {LONGEST_LINE:,} bytes"
                break
            if others:
                yield b"".join(parts)
                yield from others[:-1]
                self.inside += len(others)
                parts, size = [others[-1]], len(others[-1])
            if end is not None and not (self.gzipped and size):
                self.whole = end - size
                self.inside = 0
        self.rest = b"".join(parts)

    def _plain(self, block: bytes) -> Iterator[tuple[bytes, int | None]]:
        end = 0
        while block:
            end += len(block)
            yield block, end
            block = self._file.read(_BLOCK)

    def _members(self, block: bytes) -> Iterator[tuple[bytes, int | None]]:
        """Give text as it is unpacked, and with the last of a member the offset of its end."""
        begin = 0
        member = zlib.decompressobj(_GZIP_WINDOW)
        fresh = True
        while block:
            try:
                data = member.decompress(block, _BLOCK)
            except zlib.error as error:
                self.fault = f"the gzip data is damaged ({error})"
                return
            fresh = False
            begin += len(block) - len(member.unused_data) - len(member.unconsumed_tail)
            if member.eof:
                yield data, begin
                block = member.unused_data or self._file.read(_BLOCK)
                member = zlib.decompressobj(_GZIP_WINDOW)
                fresh = True
            else:
                yield data, None
                block = member.unconsumed_tail or self._file.read(_BLOCK)
        if not fresh:
            self.fault = "the gzip data ends early"
