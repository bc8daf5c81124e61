"""What a person asks for: orders against the net exposure of every coin, each a cycle of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from arb.domain import (
    BookKey,
    BookSeen,
    BookState,
    Coin,
    FeeSchedule,
    Intent,
    LegPlan,
    Market,
    Plan,
    Purpose,
    Side,
    Symbol,
    VenueId,
)
from arb.execution.cycle import FLATTEN
from arb.execution.ports import Exposure
from arb.execution.sizing import moved
from arb.execution.sums import ZERO, less, times
from arb.execution.unwind import Blocked, Ladder, Step
from arb.sync import BookSync


class Order(NamedTuple):
    """One order of a flatten, with the market it goes to."""

    market: Market
    step: Step


class Flatten:
    """market, fee: as the executor has them.   loss_bps: how much worse than the best price a cap may be."""

    def __init__(
        self,
        *,
        exposure: Exposure,
        ladder: Ladder,
        market: Callable[[BookKey], Market | None],
        fee: Callable[[BookKey], FeeSchedule | None],
        book: Callable[[BookKey], BookSync | None],
        venues: Iterable[VenueId],
        price: Callable[[Coin, int], Decimal | None],
        loss_bps: Decimal,
    ) -> None:
        self._exposure = exposure
        self._ladder = ladder
        self._market = market
        self._fee = fee
        self._book = book
        self._venues = tuple(venues)
        self._price = price
        self._loss_bps = loss_bps

    def orders(self, busy: Mapping[Coin, str], now_ns: int) -> tuple[list[Order], list[str]]:
        """What to send now, and for every coin that stays naked how much of it and why.

        busy: coins that are being flattened already, and by what. A coin is traded against the other coins of the
        ledger: cycles leave base and quote there. The money itself, worth 1, is no exposure.
        """
        coins = sorted({coin for _, coin, _ in self._exposure})
        send: list[Order] = []
        left: list[str] = []
        for coin in coins:
            net = self._exposure.net(coin)
            if not net or self._price(coin, now_ns) == 1:
                continue
            if coin in busy:
                left.append(f"{net} {coin}: {busy[coin]} is at it")
                continue
            markets = [market for other in coins if other != coin for market in self._listed(coin, other)]
            if not markets:
                left.append(f"{net} {coin}: no market for it")
                continue
            found, remaining, why = self._against(markets, net, now_ns)
            send += found
            if remaining:
                left.append(f"{remaining} {coin}: {why}")
        return send, left

    def plan(self, order: Order, now_ns: int) -> Plan:
        """The same order as a plan, so that its cycle is journalled and recovered like any other."""
        market, step = order.market, order.step
        buying = step.side is Side.BUY
        bought, sold = (step.qty, ZERO) if buying else (ZERO, step.qty)
        key = (market.venue, market.symbol)
        fee = self._fee(key)
        paid = times(times(step.qty, step.best), ZERO if fee is None else fee.taker)
        legs = [
            LegPlan(
                market.venue, side, qty, step.price, step.coin, step.amount if qty else ZERO, step.best,
                paid if qty else ZERO,
            )
            for side, qty in ((Side.BUY, bought), (Side.SELL, sold))
        ]  # fmt: skip
        intent = Intent(
            FLATTEN, "", market.symbol, market.venue, market.venue, bought, sold, step.price, step.price, ZERO
        )
        sync = self._book(key)
        seen = () if sync is None else (self._seen(sync, step, now_ns),)
        return Plan(intent, market.symbol, market.base, market.quote, legs[0], legs[1], ZERO, seen, (), now_ns, now_ns)

    # ------------------------------------------------------------------------------------------- inside

    def _listed(self, coin: Coin, other: Coin) -> list[Market]:
        keys: list[BookKey] = [(venue, Symbol(f"{coin}/{other}")) for venue in self._venues]
        return [market for key in keys if (market := self._market(key)) is not None]

    def _against(self, markets: list[Market], net: Decimal, now_ns: int) -> tuple[list[Order], Decimal, str]:
        """Best prices first, as much at each as the balance there allows; what remains, and why."""
        side = Side.SELL if net > 0 else Side.BUY
        offers, reasons = [], []
        for market in markets:
            offer = self._offer(market, side, abs(net), now_ns)
            if isinstance(offer, Blocked):
                reasons.append(f"{market.venue} {market.symbol}: {offer.why}")
            else:
                offers.append(Order(market, offer))
        offers.sort(key=lambda order: self._worth(order, now_ns), reverse=side is Side.SELL)
        found: list[Order] = []
        remaining = abs(net)
        for order in offers:
            again = self._offer(order.market, side, remaining, now_ns)
            if isinstance(again, Step):
                found.append(Order(order.market, again))
                fee = self._fee((order.market.venue, order.market.symbol))
                remaining = less(remaining, times(again.qty, moved(fee, side)))
        if not reasons and remaining:
            reasons.append("what is left is below every minimum, or balances do not allow more")
        return found, remaining if net > 0 else -remaining, "; ".join(reasons)

    def _offer(self, market: Market, side: Side, want: Decimal, now_ns: int) -> Step | Blocked:
        return self._ladder.offer(
            (market.venue, market.symbol), side, want, now_ns,
            loss_bps=self._loss_bps, purpose=Purpose.FLATTEN, number=1, funded=True,
        )  # fmt: skip

    def _worth(self, order: Order, now_ns: int) -> Decimal:
        """Its price in the run's currency: markets of one coin may be quoted in several."""
        unit = self._price(order.market.quote, now_ns)
        return order.step.best if unit is None else times(order.step.best, unit)

    @staticmethod
    def _seen(sync: BookSync, step: Step, now_ns: int) -> BookSeen:
        bid, ask = (None, step.best) if step.side is Side.BUY else (step.best, None)
        return BookSeen(sync.venue, sync.symbol, BookState(sync.state), sync.seq, now_ns - sync.recv_ns, bid, ask)
