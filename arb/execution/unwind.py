"""The ladder for a cycle whose legs differ: which order, if any, comes next, at the prices of this very moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isinf
from typing import NamedTuple

from arb.config import UnwindStep
from arb.domain import BookKey, BookState, Coin, FeeSchedule, Market, Purpose, Side, Symbol, VenueId
from arb.execution.cycle import Cycle
from arb.execution.ports import Inventory
from arb.execution.sizing import affordable, after_fee, cap, closed, cost, quantity
from arb.execution.sums import ZERO, times
from arb.interfaces import Lane, Trading
from arb.sync import BookSync
from arb.units import ceil_to, exact

_PURPOSES = {"retry": Purpose.RETRY, "reverse": Purpose.REVERSE, "hedge": Purpose.HEDGE}
_ANY_AGE_NS = 1 << 62  # the run's own sweep turns silent books STALE; a cap guards against the rest


class Step(NamedTuple):
    """An IOC order to send. number: of the rung, from 1; 0: the second leg.   coin, amount: what it may spend."""

    venue: VenueId
    side: Side
    qty: Decimal
    price: Decimal
    purpose: Purpose
    number: int
    coin: Coin
    amount: Decimal
    best: Decimal


class Blocked(NamedTuple):
    """Nothing can be sent. passing: it may be otherwise in a moment."""

    why: str
    passing: bool = False


class Ladder:
    def __init__(
        self,
        rungs: Sequence[UnwindStep],
        *,
        market: Callable[[BookKey], Market | None],
        fee: Callable[[BookKey], FeeSchedule | None],
        book: Callable[[BookKey], BookSync | None],
        funds: Inventory,
        trading: Mapping[VenueId, Trading],
        permits: Callable[[Purpose], bool],
    ) -> None:
        self.rungs = tuple(rungs)
        self._market = market
        self._fee = fee
        self._book = book
        self._funds = funds
        self._trading = trading
        self._permits = permits

    def next(self, cycle: Cycle, now_ns: int) -> Step | Blocked:
        """The first rung, from the top, that has attempts left and an order that may be sent now."""
        residual = cycle.residual
        side = Side.SELL if residual > 0 else Side.BUY
        reference = cycle.reference(residual)
        reasons: list[str] = []
        passing = False
        for number, rung in enumerate(self.rungs, 1):
            if cycle.used[number - 1] >= rung.attempts:
                continue
            purpose = _PURPOSES[rung.action]
            if not self._permits(purpose):
                reasons.append(f"{rung.action}: not permitted now")
                continue
            found: list[tuple[Decimal, Step]] = []
            for venue in self._venues(cycle, rung, side):
                offer = self.offer(
                    (venue, cycle.plan.symbol), side, abs(residual), now_ns, reference=reference,
                    loss_bps=rung.max_loss_bps, purpose=purpose, number=number, funded=rung.action == "hedge",
                )  # fmt: skip
                if isinstance(offer, Blocked):
                    reasons.append(f"{rung.action} at {venue}: {offer.why}")
                    passing = passing or offer.passing
                else:
                    fee = self._fee((venue, cycle.plan.symbol))
                    found.append((after_fee(fee, side, offer.best), offer))
            if found:
                return (min if side is Side.BUY else max)(found, key=lambda pair: pair[0])[1]
        return Blocked("; ".join(reasons) or "every rung of the ladder is used up", passing)

    def second(self, cycle: Cycle) -> Step | Blocked:
        """The leg that waited for the thin one: as much as that one got, at the plan's own cap."""
        leg = cycle.second
        residual = cycle.residual
        if leg is None or not residual or (residual > 0) is (leg.side is Side.BUY):
            return Blocked("")
        if not self._permits(Purpose.RETRY):  # it only makes an open position smaller, as a retry does
            return Blocked("the second leg is not permitted now")
        key = (leg.venue, cycle.plan.symbol)
        market, fee = self._market(key), self._fee(key)
        if market is None:
            return Blocked(f"{leg.venue} does not list it")
        qty, why = quantity(market, fee, leg.side, abs(residual), leg.price)
        qty = min(qty, leg.qty)
        if not qty:
            return Blocked(f"the second leg: {why}")
        spends = cost(market, fee, leg.side, qty, leg.price)
        return Step(leg.venue, leg.side, qty, leg.price, Purpose.ENTRY, 0, *spends, leg.vwap)

    def offer(
        self,
        key: BookKey,
        side: Side,
        want: Decimal,
        now_ns: int,
        *,
        loss_bps: Decimal,
        purpose: Purpose,
        number: int,
        reference: Decimal | None = None,
        funded: bool = False,
    ) -> Step | Blocked:
        """An order at one venue. reference: what a loss is measured against; None: the best price there.

        funded: no more than the balance there allows. What a leg was filled with, or was set aside for it, is there
        whether the venue has told the new balance yet or not: then the venue is the judge.
        """
        market, fee = self._market(key), self._fee(key)
        if market is None:
            return Blocked("not listed")
        if shut := closed(market, side):
            return Blocked(shut)
        if refusal := self._trading[key[0]].refusal(1, Lane.HEDGE):
            return Blocked(refusal, passing=True)
        best = self._best(key, side, now_ns)
        if isinstance(best, Blocked):
            return best
        price = cap(market, side, best if reference is None else reference, loss_bps)
        if best > price if side is Side.BUY else best < price:
            return Blocked(f"{best} is beyond the cap of {price}")
        if funded:
            coin = market.quote if side is Side.BUY else market.base
            free = self._funds.free(key[0], coin, now_ns)
            if free is None:
                return Blocked("its balance is not known", passing=True)
            want = min(want, affordable(fee, side, free, price))
        qty, why = quantity(market, fee, side, want, best if side is Side.SELL else price)
        if not qty:
            return Blocked(why)
        if side is Side.SELL and market.min_notional is not None and times(qty, price) < market.min_notional:
            price = ceil_to(market.min_notional / qty, market.tick)  # a lower cap would be refused as too small
            if price > best:
                return Blocked(f"{qty} at {best} is below the minimum of {market.min_notional}")
        return Step(key[0], side, qty, price, purpose, number, *cost(market, fee, side, qty, price), best)

    def dust(self, symbol: Symbol, residual: Decimal, price: Decimal) -> bool:
        """Nothing, or too small for an order at any venue that lists the symbol, open or closed."""
        if not residual:
            return True
        side = Side.SELL if residual > 0 else Side.BUY
        keys: list[BookKey] = [(venue, symbol) for venue in self._trading]
        listed = [(market, self._fee(key)) for key in keys if (market := self._market(key)) is not None]
        fits = (quantity(market, fee, side, abs(residual), price)[0] for market, fee in listed)
        return bool(listed) and not any(fits)

    def depth(self, key: BookKey, side: Side, price: Decimal, now_ns: int) -> Decimal:
        """Base that a BUY or SELL capped at `price` would find; 0 where the book is not LIVE."""
        sync = self._book(key)
        if sync is None or sync.state is not BookState.LIVE:
            return ZERO
        book = sync.live(now_ns, _ANY_AGE_NS)
        limit = float(price)
        if side is Side.BUY:
            return exact(sum(qty for level, qty in book.asks(len(book)) if level <= limit))
        return exact(sum(qty for level, qty in book.bids(len(book)) if level >= limit))

    def _venues(self, cycle: Cycle, rung: UnwindStep, side: Side) -> tuple[VenueId, ...]:
        buy, sell = cycle.plan.buy.venue, cycle.plan.sell.venue
        if rung.action == "retry":
            return (buy if side is Side.BUY else sell,)
        if rung.action == "reverse":
            return (sell if side is Side.BUY else buy,)
        return tuple(venue for venue in self._trading if venue not in (buy, sell))

    def _best(self, key: BookKey, side: Side, now_ns: int) -> Decimal | Blocked:
        sync = self._book(key)
        if sync is None or sync.state is not BookState.LIVE:
            state = "there is none" if sync is None else sync.state.name
            return Blocked(f"no book to price it by: {state}", passing=True)
        book = sync.live(now_ns, _ANY_AGE_NS)
        best = book.best_ask if side is Side.BUY else book.best_bid
        if isinf(best) or not best:
            return Blocked("nobody to trade with", passing=True)
        return exact(best)
