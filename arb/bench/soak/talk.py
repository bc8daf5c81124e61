"""What the processes of a soak tell each other: lines of JSON, as in `arb.bench.wire.talk`."""

from __future__ import annotations

from typing import Literal

import msgspec

Manner = Literal["farewell", "end", "reset"]
MANNERS: tuple[Manner, ...] = ("farewell", "end", "reset")


class Task(msgspec.Struct, frozen=True):
    """To the player. frames: to be played, shared out among the venues.   drop: a venue that hangs up; "": none.

    manner: with a close frame, with the end of the stream alone, or with a reset.
    """

    frames: int = 0
    drop: str = ""
    manner: Manner = "farewell"


class Done(msgspec.Struct, frozen=True):
    """From the player. frames: played, by venue."""

    frames: dict[str, int] = {}


class Wanted(msgspec.Struct, frozen=True):
    """To the house: what it serves. activity: see `SimSettings`."""

    seed: int
    symbols: int
    activity: float
    venues: tuple[str, ...]
