"""Server-sent events, read from bytes however the network cut them."""

from __future__ import annotations

__all__ = ["EventSplitter", "EventTooLongError"]

MAX_EVENT = 16 * 1024 * 1024
"""Bytes of one event, after which the stream is not taken for one of chat chunks any more."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLongError(ValueError):
    """An event does not end."""


class EventSplitter:
    """Splits a byte stream into the data of its events.

    It works on bytes, so a character that is cut in two is whole again before it is decoded. Of an
    event only the data counts: chat completions name no event types, and comments (`: keep-alive`)
    have done their work by arriving.

    Three states can lie between two reads: the beginning of a line that has no end yet (`_line`),
    the data of an event whose blank line has not come (`_data`), and a CR whose LF may begin the
    next read (`_after_cr`). Line ends are CR, LF or CRLF by the specification; the three states and
    the byte order mark at the very start are all that makes cutting differ from one `splitlines`.
    """

    def __init__(self) -> None:
        """Begin a stream."""
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0  # bytes of the event so far: of `_data` and of `_line`
        self._after_cr = False
        self._first = True

    def feed(self, read: bytes) -> list[bytes]:
        """Take what one read brought; return the data of every event that it completes.

        Raises:
            EventTooLongError: An event is longer than `MAX_EVENT` bytes.
        """
        if (events := self._whole(read)) is not None:
            return events
        if self._after_cr and read.startswith(b"\n"):  # the second half of a CRLF
            read = read[1:]
            self._after_cr = False
        if not read:
            return []
        self._after_cr = read.endswith(b"\r")
        if b"\n" not in read and b"\r" not in read:
            self._grow(len(read))
            self._line.append(read)
            return []
        lines = b"".join((*self._line, read)).splitlines()  # of bytes: at CR, LF and CRLF only
        # The parts of a line were counted as they came; the whole line is counted when it is taken.
        self._size = max(0, self._size - sum(map(len, self._line)))
        self._line.clear()
        if not read.endswith((b"\n", b"\r")):
            self._line.append(lines.pop())
            self._grow(len(self._line[0]))
        return self._take(lines)

    def _whole(self, read: bytes) -> list[bytes] | None:
        """Split what consists of whole events of one `data: ` line each; None for anything else.

        That is what nearly all reads are, and a split is a fifth of the price of line by line.
        """
        # Nothing may be left from before, and the read must end where an event does.
        if self._first or self._line or self._data or not read.endswith(b"\n\n") or b"\r" in read:
            return None
        events = read[:-2].split(b"\n\n")
        # With two line ends per event, none has a second line.
        if read.count(b"\n") != 2 * len(events) or len(read) > MAX_EVENT:
            return None
        if not all(event.startswith(b"data: ") for event in events):
            return None
        self._after_cr, self._size = False, 0
        return [event[6:] for event in events]

    def close(self) -> list[bytes]:
        """End the stream; return the data of a last event that no blank line follows."""
        lines = [b"".join(self._line), b""] if self._line else [b""]
        self._line.clear()
        return self._take(lines)

    def _take(self, lines: list[bytes]) -> list[bytes]:
        if self._first and lines:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
            self._first = False
        events: list[bytes] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append(b"\n".join(self._data))
                    self._data.clear()
                self._size = 0
            elif line.startswith(b"data:"):
                value = line[6:] if line.startswith(b"data: ") else line[5:]
                self._grow(len(value))
                self._data.append(value)
            elif line == b"data":
                self._data.append(b"")
        return events

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > MAX_EVENT:
            raise EventTooLongError(f"an event of more than {MAX_EVENT} bytes")
