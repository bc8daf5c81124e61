"""One cycle: its orders, where it stands and which turns it may take. What is sent for it is decided elsewhere."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from arb.domain import ClientId, CycleMoved, CycleOpened, CycleState, LegPlan, OrderStatus, Purpose, Side
from arb.execution.life import Life
from arb.execution.naked import Naked
from arb.execution.position import Deltas, average, deltas_of, of_coin, standing

FLATTEN = "flatten"  # the strategy of a cycle that a person asked for: it has one order and no ladder


class Stage(IntEnum):
    """What its orders allow."""

    UNKNOWN = 1  # the outcome of one is not known: nothing may be sent before it is proven
    WAITING = 2  # one is not accounted
    READY = 3  # all are: its position is exact


class Cycle:
    """entries: the legs of the plan.   steps: what was sent besides.   used: orders sent by each rung of the ladder.

    second: the leg that waits for the first, thin one.   held: the client ids that money is set aside for.
    blocked_ns: since when no rung could be taken for a passing reason.   booked: the deltas that the exposure ledger
    has of it.
    """

    __slots__ = ("blocked_ns", "booked", "closed_ns", "entries", "held", "id", "lives", "naked", "opened", "plan",
                 "second", "state", "steps", "used")  # fmt: skip

    def __init__(self, opened: CycleOpened, rungs: int) -> None:
        self.id = opened.cycle
        self.opened = opened
        self.plan = opened.plan
        self.state = CycleState.SENT
        self.lives: list[Life] = []
        self.entries: list[Life] = []
        self.used = [0] * rungs
        self.second: LegPlan | None = None
        self.held: set[ClientId] = set()
        self.steps: list[Purpose] = []
        self.blocked_ns: int | None = None
        self.naked = Naked()
        self.booked: Deltas = {}
        self.closed_ns = 0

    @property
    def flattening(self) -> bool:
        return self.plan.intent.strategy == FLATTEN

    @property
    def stage(self) -> Stage:
        if any(life.status is OrderStatus.UNKNOWN for life in self.lives):
            return Stage.UNKNOWN
        return Stage.READY if all(life.accounted for life in self.lives) else Stage.WAITING

    @property
    def deltas(self) -> Deltas:
        return deltas_of(self.lives, self.plan.base, self.plan.quote)

    @property
    def residual(self) -> Decimal:
        """Base bought less base sold, fees in, by the fills."""
        return of_coin(self.deltas, self.plan.base)

    @property
    def standing(self) -> Decimal:
        """The same for all that is known by now, for want of fills."""
        return standing(self.lives, self.plan.base)

    def reference(self, residual: Decimal) -> Decimal:
        """Quote per base at which the larger side was filled: what a loss is measured against."""
        leading, leg = (Side.BUY, self.plan.buy) if residual > 0 else (Side.SELL, self.plan.sell)
        return average(self.lives, leading) or leg.vwap

    def join(self, life: Life, purpose: Purpose) -> None:
        self.lives.append(life)
        if purpose is Purpose.ENTRY:
            self.entries.append(life)
        else:
            self.steps.append(purpose)

    def move(self, after: CycleState, why: str, at_ns: int) -> CycleMoved | None:
        """None: it is there already, or its end, which nothing follows."""
        before = self.state
        if after is before or before is CycleState.CLOSED:
            return None
        self.state = after
        return CycleMoved(self.id, before, after, why, at_ns)

    def legs(self) -> str:
        """How the legs came out, in words: "both legs filled", "BUY part, SELL none"..."""
        words = [f"{side.name} {self._filled(side)}" for side in (Side.BUY, Side.SELL)]
        return "both legs filled" if all(word.endswith("filled") for word in words) else ", ".join(words)

    def _filled(self, side: Side) -> str:
        mine = [life for life in self.entries if life.order.side is side]
        if not mine:
            return "not sent"
        if any(life.status is OrderStatus.UNKNOWN for life in mine):
            return "unknown"
        if all(life.status is OrderStatus.FILLED for life in mine):
            return "filled"
        return "part" if any(life.filled for life in mine) else "none"
