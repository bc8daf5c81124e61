"""Intent and plan -> Approved or Refused. Nobody else can make an Approved, and nothing is sent without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from decimal import Decimal
from typing import NoReturn

import msgspec

from arb.config import RiskConfig
from arb.domain import (
    BookKey,
    Coin,
    CycleClosed,
    CycleOpened,
    ExposureMoved,
    Fact,
    NakedMoved,
    OrderSent,
    Part,
    Plan,
    Purpose,
    Refused,
    RiskMoved,
    RiskState,
    Symbol,
    VenueId,
)
from arb.interfaces import Clock
from arb.limits import GATES, GUARDS, Door, History, Moment, Stock, Surroundings
from arb.sync import BookSync

_approving: ContextVar[Plan | None] = ContextVar("approving", default=None)

_WATCHED = (NakedMoved, CycleClosed, ExposureMoved)
_ACTIVE = RiskState.ACTIVE


class Approved(Fact, frozen=True, gc=False):
    """A plan that passed every limit at one moment. Only `Risk.check` makes one: no call, copy or decoder does."""

    plan: Plan

    def __post_init__(self) -> None:
        """Runs for every way that msgspec has of making one. Raises TypeError outside of `Risk.check`."""
        if _approving.get() is not self.plan:
            _forbid()

    def __init_subclass__(cls, **_options: object) -> NoReturn:
        """A subclass could leave `__post_init__` out."""
        _forbid()

    def __copy__(self) -> NoReturn:
        _forbid()

    def __deepcopy__(self, _memo: object) -> NoReturn:
        _forbid()

    def __reduce__(self) -> NoReturn:
        _forbid()


def _forbid() -> NoReturn:
    raise TypeError("only Risk.check makes an Approved")


class Trip(msgspec.Struct, frozen=True):
    """What keeps the gate from being ACTIVE, and why."""

    state: RiskState
    why: str


class Risk:
    """The gate. Every number it judges by is of the moment of the question.

    price: of one coin in `config.currency`, from live books; None: no live book tells.   exposure: venue, coin and
    quantity of everything that cycles have left.   venues_of: every venue of the run that lists a symbol.
    publish: is told of every RiskMoved; may call `on_fact` in its turn.
    why_not: what the breakers say of a part of a venue; "": nothing.   late_ns: how late the event loop is.
    """

    def __init__(
        self,
        config: RiskConfig,
        *,
        price: Callable[[Coin, int], Decimal | None],
        inventory: Stock,
        exposure: Iterable[tuple[VenueId, Coin, Decimal]],
        trading: Mapping[VenueId, Door],
        book: Callable[[BookKey], BookSync | None],
        venues_of: Callable[[Symbol], Sequence[VenueId]],
        publish: Callable[[Fact], None],
        clock: Clock,
        why_not: Callable[[VenueId, Part, int], str] = lambda _venue, _part, _now_ns: "",
        late_ns: Callable[[int], int] = lambda _now_ns: 0,
    ) -> None:
        self._around = Surroundings(
            config, price, inventory, exposure, trading, book, venues_of, why_not=why_not, late_ns=late_ns
        )
        self._publish = publish
        self._clock = clock
        self._history = History()
        self._trips: dict[str, Trip] = {}  # by the limit, or the verb of a person

    @property
    def state(self) -> RiskState:
        if not self._trips:
            return _ACTIVE
        return max(trip.state for trip in self._trips.values())

    @property
    def why(self) -> Mapping[str, str]:
        """What keeps it from being ACTIVE: by limit, in words."""
        return {limit: trip.why for limit, trip in self._trips.items()}

    def permits(self, purpose: Purpose) -> bool:
        """May an order of this purpose leave? A person's halt stops all but what a person asks for; a limit stops

        entries only, HALTED as well: to forbid a leg that stands alone its hedge would make the loss larger.
        """
        if purpose is Purpose.FLATTEN:
            return True
        return "halt" not in self._trips and (purpose is not Purpose.ENTRY or self.state is RiskState.ACTIVE)

    def check(self, plan: Plan, now_ns: int) -> Approved | Refused:
        """Every limit against this plan, now."""
        moment = self._moment(now_ns)
        self._settle(moment)
        state = self.state
        for limit, trip in self._trips.items():
            if trip.state is state:
                guard = GUARDS.get(limit)
                why = (guard.tripped(moment) if guard is not None else "") or trip.why  # the numbers of this moment
                return Refused(plan.intent, limit, f"{state.name}: {why}", now_ns)
        for limit, gate in GATES.items():
            why = gate(moment, plan)
            if why:
                return Refused(plan.intent, limit, why, now_ns)
        return _approve(plan)

    def on_fact(self, fact: object) -> None:
        """Of cycles, orders, exposure and private sides; any other is ignored."""
        at_ns = getattr(fact, "at_ns", 0)
        self._history.on_fact(fact, at_ns)
        if isinstance(fact, _WATCHED):
            moment = self._moment(at_ns)
            self._watch(moment)
            if isinstance(fact, NakedMoved):  # what a closed cycle has left is told after its end: too soon to let go
                self._let_go(moment)

    def on_timer(self, now_ns: int) -> None:
        """Time passed: a leg stands alone for too long, a cool-down is over."""
        self._settle(self._moment(now_ns))

    def halt(self, why: str, now_ns: int) -> None:
        """A person stops everything but cancels."""
        before = self.state
        self._trips["halt"] = Trip(RiskState.HALTED, why)
        self._moved(before, "halt", why, now_ns)

    def resume(self, why: str, now_ns: int) -> None:
        """A person has looked: no halt stands, and losses are counted anew. A leg that stands alone still does."""
        before = self.state
        self._trips = {limit: trip for limit, trip in self._trips.items() if trip.state is not RiskState.HALTED}
        self._trips.pop("max_losses", None)
        self._history.forgive()
        self._moved(before, "resume", why, now_ns)

    def restore(self, facts: Iterable[Fact], now_ns: int) -> None:
        """What the journal holds, oldest first: RiskMoved, today's CycleClosed, and all of the cycles still open.

        A halt stands as before; everything else is judged anew by the limits of today.
        """
        for fact in facts:
            if isinstance(fact, RiskMoved):
                self._adopt(fact, now_ns)
            else:
                self._history.on_fact(fact, self._then(fact, now_ns))
        self._watch(self._moment(now_ns))

    def _adopt(self, fact: RiskMoved, now_ns: int) -> None:
        self._trips.clear()
        if fact.limit == "resume":
            self._history.forgive()
        if fact.after is RiskState.HALTED:
            self._trips[fact.limit] = Trip(RiskState.HALTED, fact.why)
        elif fact.after is RiskState.REDUCING and fact.limit == "max_losses":  # its row may have begun before today
            history = self._history
            history.losses = max(history.losses, self._around.config.max_losses)
            history.last_loss_ns = max(history.last_loss_ns, self._then(fact, now_ns))

    def _then(self, fact: Fact, now_ns: int) -> int:
        """When it happened, on this process's clock: the one it was written by may have been of another boot."""
        if isinstance(fact, CycleOpened | OrderSent | CycleClosed | RiskMoved):
            return now_ns - max(0, self._clock.wall_ns() - fact.wall_ns)
        return now_ns

    def _moment(self, now_ns: int) -> Moment:
        return Moment(self._around, self._history, now_ns, self._clock.wall_ns())

    def _settle(self, moment: Moment) -> None:
        self._watch(moment)
        self._let_go(moment)

    def _watch(self, moment: Moment) -> None:
        for limit, guard in GUARDS.items():
            if limit in self._trips:
                continue
            why = guard.tripped(moment)
            if why:
                before = self.state
                self._trips[limit] = Trip(guard.state, why)
                # Beneath a halt it changes nothing that anybody could see; and a restart, which goes by the last
                # move, must not take a person's halt for one of a limit, which lets naked legs be hedged.
                if before is not RiskState.HALTED and guard.state >= before:
                    self._moved(before, limit, why, moment.now_ns)

    def _let_go(self, moment: Moment) -> None:
        if not self._trips:
            return
        for limit in [limit for limit in self._trips if limit in GUARDS]:
            why = GUARDS[limit].over(moment)
            if why:
                before = self.state
                del self._trips[limit]
                if self.state is not before:
                    self._moved(before, limit, why, moment.now_ns)

    def _moved(self, before: RiskState, limit: str, why: str, now_ns: int) -> None:
        self._publish(RiskMoved(before, self.state, limit, why, now_ns, self._clock.wall_ns()))


def _approve(plan: Plan) -> Approved:
    token = _approving.set(plan)
    try:
        return Approved(plan)
    finally:
        _approving.reset(token)
