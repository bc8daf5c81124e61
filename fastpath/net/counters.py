"""What the I/O of a venue counted, readable as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields


@dataclass(slots=True, eq=False)
class Counters(Mapping[str, int]):
    """Plain integers while they are counted, a mapping for whoever reports them."""

    frames: int = 0  # whole messages received
    bytes: int = 0  # in those messages
    decode_errors: int = 0  # messages nobody could read
    venue_errors: int = 0  # messages that told of a refusal which was no answer to a subscription
    connects: int = 0
    losses: int = 0  # connections that ended without our doing, and attempts that failed
    rotations: int = 0  # connections replaced before their end
    pings: int = 0
    subscriptions: int = 0  # symbols accepted
    refused: int = 0  # symbols refused, unanswered, or accepted and never served
    resyncs: int = 0  # books asked for afresh
    coalesced: int = 0  # of those: already on their way
    snapshots: int = 0  # REST seeds delivered
    snapshot_failures: int = 0

    def __getitem__(self, key: str) -> int:
        if key not in _NAMES:
            raise KeyError(key)
        value: int = getattr(self, key)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


_NAMES = tuple(f.name for f in fields(Counters))
