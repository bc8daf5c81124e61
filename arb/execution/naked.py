"""How much one leg stands without the other, and for how long."""

from __future__ import annotations

from decimal import Decimal

from arb.execution.sums import ZERO, plus, times

_SECOND = Decimal(10**9)


class Naked:
    """Integrates a notional over time. since_ns: when it last left zero."""

    __slots__ = ("_at_ns", "_sum", "notional", "since_ns")

    def __init__(self) -> None:
        self.notional = ZERO
        self.since_ns = 0
        self._at_ns = 0
        self._sum = ZERO  # notional times nanoseconds

    def set(self, notional: Decimal, now_ns: int) -> bool:
        """True where it changed."""
        if notional == self.notional:
            return False
        self._sum = self._until(now_ns)
        self._at_ns = now_ns
        if not self.notional:
            self.since_ns = now_ns
        self.notional = notional
        if not notional:
            self.since_ns = 0
        return True

    def total(self, now_ns: int) -> Decimal:
        """Notional times seconds up to now."""
        return self._until(now_ns) / _SECOND

    def _until(self, now_ns: int) -> Decimal:
        return plus(self._sum, times(self.notional, Decimal(max(0, now_ns - self._at_ns))))
