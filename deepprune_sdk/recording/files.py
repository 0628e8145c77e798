"""Files that belong to one writer: opened without surprises, locked, told from their namesakes."""

from __future__ import annotations

import errno
import os
import stat
import sys
from io import FileIO
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

__all__ = ["is_at", "lock", "open_regular"]

# Opening a FIFO would wait for its other end.
_UNSURPRISING: Final = (
    getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def open_regular(path: Path, flags: int, mode: str, *, devices: bool = False) -> FileIO:
    """Open a regular file, unbuffered.

    Args:
        path: The file.
        flags: As for `os.open`; `O_NOFOLLOW` and `O_EXCL` among them.
        mode: As for `open`, what the file object is for.
        devices: Whether a character device, such as `/dev/null`, will do.

    Raises:
        OSError: It cannot be opened, or is a directory, a device, a FIFO or a socket.
    """
    # Before it is opened too: what opening a device does cannot be undone.
    will_do = path.is_file() or path.is_dir() or (devices and path.is_char_device())
    if path.exists() and not will_do:
        raise OSError(errno.EINVAL, "not a regular file")
    descriptor = os.open(path, flags | _UNSURPRISING, 0o666)
    try:
        kind = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(kind) or (devices and stat.S_ISCHR(kind))):
            raise OSError(errno.EINVAL, "not a regular file")
        return FileIO(descriptor, mode)
    except BaseException:
        os.close(descriptor)
        raise


def is_at(file: FileIO, path: Path) -> bool:
    """Whether a path still leads to an open file, and not to one that has replaced it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def lock(file: FileIO) -> bool:
    """Lock a file for as long as it is open; False where another open file holds the lock.

    True, without a lock, on Windows and on a file system that has none.
    """
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
