"""Which frame of a recording brings which state of which book: what every client's stamps are told apart by."""

from __future__ import annotations

from arb.app.venues import native_venue
from arb.bench.frames import Recording
from arb.domain import BookDelta, BookSnapshot, Symbol
from arb.errors import ArbError


def states(recording: Recording) -> list[tuple[Symbol, int] | None]:
    """For each frame, whose book it brings to which of the venue's ids; None: to none."""
    module = native_venue(recording.venue)
    if module is None:
        raise ArbError(f"{recording.venue} has no codec")
    codec = module.Codec(recording.natives)
    found: list[tuple[Symbol, int] | None] = []
    for frame in recording.frames:
        state = None
        for event in codec.decode(frame, 1, 1):
            if isinstance(event, BookDelta):
                state = (event.symbol, event.last)
            elif isinstance(event, BookSnapshot):
                state = (event.symbol, event.seq)
        found.append(state)
    return found


def last_of(recording: Recording, frames: int) -> dict[Symbol, int]:
    """The id of each book's last state within the first `frames`."""
    return dict(state for state in states(recording)[:frames] if state is not None)
