"""What the processes of this bench tell each other: lines of JSON, as in `arb.bench.wire.talk`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arb.sim.apart import Door

Doors = Mapping[str, Door]
"""By venue."""


class Setting(msgspec.Struct, frozen=True):
    """What the stage serves. symbols, activity: as `SimExchanges` takes them; they move between two ticks."""

    clients: int
    seed: int
    symbols: int
    activity: float


class Block(msgspec.Struct, frozen=True):
    """To the stage: so many ticks on one venue's book, for whoever trades at the doors number `client`."""

    client: int
    venue: str
    ticks: int


class Tick(msgspec.Struct, frozen=True, array_like=True):
    """ns from the frame's hand-over to the kernel until the stage has read an order. own: at the venue of the tick.

    both: the later of the two legs.   0: no order came.
    """

    own: int
    both: int


class Turn(msgspec.Struct, frozen=True):
    """To a client: trade, or let the next one. socket: with orders over the socket, where there is a choice."""

    on: bool
    spin: bool = False
    socket: bool = False


class Spent(msgspec.Struct, frozen=True):
    """What a client tells of its turn, ns for each order that left. Empty where it has no such stage.

    decided: from the frame's arrival in our process to the scanner's decision.   handed: from then until both orders
    were handed to their sockets.   commit: of that in the journal.
    """

    decided: tuple[int, ...] = ()
    handed: tuple[int, ...] = ()
    commit: tuple[int, ...] = ()
