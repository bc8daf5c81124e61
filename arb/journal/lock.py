"""One writer at a time: a lock that ends with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from arb.errors import JournalError


class Lock:
    """Held from its making until `close`. path: the journal's; the lock is a file of its own beside it.

    Raises JournalError that names the process which holds it, OSError where the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode(errors="replace").strip() or "another one"
            os.close(self._file)
            raise JournalError(
                f"{path} is being written by process {holder}: stop that one first, or name another journal"
            ) from None
        except OSError:
            os.close(self._file)
            raise
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """The file stays: to remove it would let two others lock two different files of that name."""
        os.close(self._file)
