"""Input from outside is never larger than it can be meant, whatever its sender says."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# What decoders raise for bytes that are not what they should be: msgspec's, json's and tomllib's own errors, text that
# is not UTF-8, numbers of too many digits (all ValueErrors), and nesting that exhausts the stack.
UNREADABLE = (ValueError, RecursionError)

MOST_SHOWN = 200  # characters of a foreign text within a message of ours


def read_at_most(path: Path, most: int) -> bytes:
    """The whole file. Raises OSError, also where it holds more than `most` bytes; no more than that is ever read."""
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        there = about.st_size if stat.S_ISREG(about.st_mode) else most  # no more room is made than for what is there
        data = file.read(min(there, most) + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"more than {most >> 10} KiB, which no such file has", str(path))
    return data


def shown(foreign: object, most: int = MOST_SHOWN) -> str:
    """A foreign text or error as part of a message: in one line, and no more of it than `most` characters."""
    text = str(foreign)
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most and len(text) <= 2 * most else f"{line[:most]}..."
