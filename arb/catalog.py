"""Static facts on disk, with their source and age. The only cache there is, and it refuses whatever is not static.

One file for each venue and source: facts of the simulated exchanges or of another account never pass for others.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec
from loguru import logger

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.domain import CoinNetwork, Fact, FeeSchedule, Market, Static
from arb.interfaces import Clock, Statics

KEEP_TTLS = 10  # files not written for so many lifetimes are removed: their source is gone
MOST_BYTES = 32 << 20  # of a file; three thousand markets with their fees and networks take about two million
SECOND_NS = 1_000_000_000

_KINDS: dict[str, type[Static]] = {"markets": Market, "fees": FeeSchedule, "networks": CoinNetwork}
# A file of another version of these types is no file of ours.
_FIELDS = ";".join(f"{kind.__name__}:{','.join(kind.__struct_fields__)}" for kind in _KINDS.values())
SCHEMA = f"arb.catalog/1-{sha256(_FIELDS.encode()).hexdigest()[:8]}"


class Entry(msgspec.Struct, frozen=True):
    """Facts as they were stored. wall_ns: when.   age_s: when they were read; negative if the clock was set back."""

    statics: Statics
    source: str
    wall_ns: int
    age_s: float


class _File(msgspec.Struct, frozen=True):
    schema: str
    venue: str
    source: str
    wall_ns: int
    statics: Statics


class _Head(msgspec.Struct, frozen=True):
    schema: str


_file = msgspec.json.Decoder(_File)
_head = msgspec.json.Decoder(_Head)


def _warn(text: str) -> None:
    logger.warning("{}", text)


class Catalog:
    """folder: made when needed.   ttl_s: how long facts are fresh.   note: told what could not be read or kept."""

    def __init__(self, folder: Path, clock: Clock, ttl_s: float, note: Callable[[str], None] = _warn) -> None:
        self._folder = folder
        self._clock = clock
        self._ttl_s = ttl_s
        self._note = note

    def get(self, venue: str, source: str) -> Entry | None:
        """What was stored last, however old; None where there is nothing that can be read."""
        path = self.path(venue, source)
        try:
            data = read_at_most(path, MOST_BYTES)
            if _head.decode(data).schema != SCHEMA:
                self._note(f"{path} is of another version and is not used")
                return None
            file = _file.decode(data)
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as exc:
            self._note(f"{path} cannot be read and is not used: {shown(exc)}")
            return None
        if (file.venue, file.source) != (venue, source):
            self._note(f"{path} is of {shown(file.venue)} ({shown(file.source)}) and is not used")
            return None
        return Entry(file.statics, file.source, file.wall_ns, (self._clock.wall_ns() - file.wall_ns) / SECOND_NS)

    def fresh(self, entry: Entry) -> bool:
        """Whether the entry can be used without asking the venue."""
        return 0.0 <= entry.age_s < self._ttl_s

    def put(self, venue: str, source: str, statics: Statics, wall_ns: int | None = None) -> None:
        """Store, in the place of what was there. Raises TypeError for anything that is not static.

        wall_ns: when they were asked of the venue; None: just now.
        A folder that cannot be written to is noted and costs only the next start's time.
        """
        _check(statics)
        data = msgspec.json.encode(
            _File(SCHEMA, venue, source, self._clock.wall_ns() if wall_ns is None else wall_ns, statics)
        )
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self.path(venue, source), data)
            self._prune(venue)
        except OSError as exc:
            self._note(f"the facts of {venue} are not kept: {exc}")

    def path(self, venue: str, source: str) -> Path:
        """The file of these facts, whether it exists or not."""
        return self._folder / f"{venue}-{sha256(source.encode()).hexdigest()[:16]}.json"

    def _prune(self, venue: str) -> None:
        oldest_ns = self._clock.wall_ns() - int(KEEP_TTLS * self._ttl_s * SECOND_NS)
        for path in self._folder.glob(f"{venue}-*.json"):
            if path.stat().st_mtime_ns < oldest_ns:
                path.unlink(missing_ok=True)


def _check(statics: Statics) -> None:
    if type(statics) is not Statics:
        raise TypeError(f"the catalog keeps Statics, not {type(statics).__name__}")
    for name, kind in _KINDS.items():
        for fact in getattr(statics, name):
            ours = type(fact) is kind
            wrong = [value for value in msgspec.structs.astuple(fact) if isinstance(value, Fact)] if ours else [fact]
            if wrong:
                raise TypeError(f"the catalog keeps {kind.__name__} as {name}, not {type(wrong[0]).__name__}")


def _replace(path: Path, data: bytes) -> None:
    """Whole or not at all: whoever reads meanwhile gets the old file. Readable by its owner only."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
