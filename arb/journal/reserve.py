"""Room on the journal's disk that nobody else gets, for the day on which there is no other.

A full disk must stop what is new, not the hedge of a leg that stands alone; and no hedge leaves before it is written
down. So a file beside the journal holds the place, and is emptied when the journal finds no room.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

SIZE = 4 << 20  # bytes; a hedge and all that is told of it take some 50 KiB
AGAIN_NS = 1_000_000_000  # between two tries to have the room back


class Reserve:
    """held: the room is there. Raises OSError where it cannot be had at the start."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self.held = False
        self._path = path.with_name(f"{path.name}.reserve")
        self._size = size
        self._tried_ns = -AGAIN_NS
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._fill()
        except OSError:
            self.close()
            raise

    def give_up(self) -> bool:
        """Make room. False: there was none to be had here, or it does not help."""
        if not self.held:
            return False
        self.held = False
        with suppress(OSError):
            os.ftruncate(self._file, 0)
            return True
        return False

    def take_back(self, now_ns: int) -> bool:
        """Whether it is held, which is tried again every now and then."""
        if not self.held and now_ns - self._tried_ns >= AGAIN_NS:
            self._tried_ns = now_ns
            self.fill()
        return self.held

    def fill(self) -> None:
        """Have it now, if there is room."""
        with suppress(OSError):
            self._fill()

    def close(self) -> None:
        """Whoever ends in order leaves no such file behind."""
        os.close(self._file)
        with suppress(OSError):
            self._path.unlink()

    def _fill(self) -> None:
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file, 0, self._size)
            else:
                os.pwrite(self._file, bytes(self._size), 0)
        except OSError:
            with suppress(OSError):  # what it got of it would be missed by the journal
                os.ftruncate(self._file, 0)
            raise
        self.held = True
