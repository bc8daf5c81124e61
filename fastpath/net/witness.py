"""Does the private stream tell of our own orders? A socket may live and answer pings while a channel is dead."""

from __future__ import annotations

from arb.domain import ClientId
from fastpath.net.pacing import SECOND_NS

PATIENCE_S = 5.0  # venues push within milliseconds


class Witness:
    """For each order on its way: accepted by its answer, told by the stream, in whichever order. Pure."""

    def __init__(self) -> None:
        self._untold: dict[ClientId, int] = {}  # -> when it was accepted; 0: not yet

    def sent(self, client_id: ClientId) -> None:
        self._untold[client_id] = 0

    def told(self, client_id: ClientId) -> None:
        """By the stream."""
        self._untold.pop(client_id, None)

    def answered(self, client_id: ClientId, *, accepted: bool, now_ns: int) -> None:
        """Of what was refused, or may be, the stream need not tell."""
        if not accepted:
            self._untold.pop(client_id, None)
        elif client_id in self._untold:
            self._untold[client_id] = now_ns

    def overdue(self, now_ns: int) -> ClientId | None:
        """An order that was accepted long ago, and never told of."""
        limit_ns = now_ns - round(PATIENCE_S * SECOND_NS)
        return next((client_id for client_id, at_ns in self._untold.items() if 0 < at_ns <= limit_ns), None)

    def forget(self) -> None:
        """The stream was lost: whatever it missed is asked for."""
        self._untold.clear()
