"""What a person wants of an engine that does not run: kept beside the journal until the next start obeys it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from arb.bounded import UNREADABLE, read_at_most, shown
from arb.config.files import write_owner_only
from arb.errors import ConfigError

MOST_BYTES = 64 << 10

Wanted = Literal["halt", "resume"]


class Wish(msgspec.Struct, frozen=True):
    """The newest word of a person. wall_ns: when it was said, to be held against what the journal says of later."""

    verb: Wanted
    why: str
    wall_ns: int


def wish_path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.wish")


def record_wish(path: Path, verb: Wanted, why: str, wall_ns: int) -> None:
    """Replaces an earlier one; on disk, whole, when this returns. Raises ConfigError."""
    write_owner_only(path, msgspec.json.encode(Wish(verb, why, wall_ns)))


def read_wish(path: Path) -> Wish | None:
    """None where nothing is wanted. Raises ConfigError where it cannot be read: it may have said halt."""
    try:
        return msgspec.json.decode(read_at_most(path, MOST_BYTES), type=Wish)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE) as exc:
        raise ConfigError(
            f"{path}: cannot be read ({shown(exc)}); remove it, then 'arb halt' or 'arb resume' anew"
        ) from None


def clear_wish(path: Path) -> None:
    """It has been obeyed, and the journal says so."""
    path.unlink(missing_ok=True)
