"""What is looked at while a run is under way, since afterwards it could not be seen any more."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import takewhile
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from arb.domain import ClientId, Coin, Event, Order, OrderType, Side, VenueId
from arb.execution import Executor
from arb.interfaces import Clock, Lane, Sink, Trading
from arb.inventory import Inventory
from arb.sim.ledger import Ledger
from tests.proof.money.exact import NOTHING, minus, plus, summed, times
from tests.proof.money.reckoning import our_name

LATE_NS = 2_000_000_000  # no balance is pushed later, where any is


class Door:
    """A private side, and what left through it: each order must be in the journal's file, committed, by then.

    resting: orders that should end at once stay in the book, as if the venue had not kept its word.
    """

    def __init__(self, trading: Trading, path: Path, *, resting: bool) -> None:
        self._trading = trading
        self._path = path
        self._resting = resting
        self._db: sqlite3.Connection | None = None
        self.sent: Counter[ClientId] = Counter()
        self.unwritten: list[ClientId] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trading, name)

    def submit(self, order: Order, lane: Lane = Lane.ORDER) -> None:
        if self._db is None:
            self._db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)
        self.sent[order.client_id] += 1
        found = self._db.execute("SELECT count(*) FROM orders WHERE client_id = ?", (order.client_id,)).fetchone()
        if found != (1,):
            self.unwritten.append(order.client_id)
        if self._resting:
            order = msgspec.structs.replace(order, type=OrderType.LIMIT)
        self._trading.submit(order, lane)

    def close_file(self) -> None:
        if self._db is not None:
            self._db.close()


class Till:
    """Whether ever more is called free than the venue has free, less what the orders still on their way may take.

    Venues tell what an order brought before they tell what they took of it: fees of a moment ago may still be missing.
    It looks after each thing that a venue says, at that venue, as often as `rng` has it.
    """

    def __init__(
        self, sink: Sink, inventory: Inventory, executor: Executor, ledgers: Mapping[VenueId, Ledger], clock: Clock,
        rng: Random,
    ) -> None:  # fmt: skip
        self._sink = sink
        self._inventory = inventory
        self._executor = executor
        self._ledgers = ledgers
        self._clock = clock
        self._rng = rng
        self.looked = 0
        self.too_much: list[str] = []

    def on_event(self, event: Event) -> None:
        self._sink.on_event(event)
        if self._rng.random() < 0.1:
            self.look(event.venue)  # type: ignore[union-attr]  # every private event names its venue

    def on_idle(self, recv_ns: int) -> None:
        self._sink.on_idle(recv_ns)

    def look(self, venue: VenueId) -> None:
        now_ns, ledger = self._clock.mono_ns(), self._ledgers[venue]
        flying: dict[Coin, Decimal] = {}
        for order in self._unseen(venue, ledger):
            base, _, quote = order.symbol.partition("/")
            assert order.price is not None
            coin = Coin(quote if order.side is Side.BUY else base)
            cost = times(order.qty, order.price) if order.side is Side.BUY else order.qty
            flying[coin] = plus(flying.get(coin, NOTHING), cost)
        for name, (free, locked) in ledger.balances.items():
            said = self._inventory.free(venue, Coin(name), now_ns)
            if said is None:
                continue
            self.looked += 1
            true = minus(plus(free, self._fees(ledger, name)), flying.get(Coin(name), NOTHING))
            if said > true:
                self.too_much.append(f"{now_ns} {venue} {name}: {said} called free, {true} is; {locked} locked")

    def _unseen(self, venue: VenueId, ledger: Ledger) -> Iterator[Order]:
        """Orders that we have not accounted and that the venue has not taken (yet)."""
        seen = {our_name(facts.client_id) for facts in ledger.orders.values()}
        for cycle in self._executor.open.values():
            for life in cycle.lives:
                order = life.order
                if order.venue == venue and not life.accounted and order.client_id not in seen:
                    yield order

    def _fees(self, ledger: Ledger, coin: str) -> Decimal:
        since_ns = self._clock.wall_ns() - LATE_NS
        young = takewhile(lambda trade: trade.at_ns >= since_ns, reversed(ledger.fills))
        return summed(trade.fee for trade in young if trade.fee_coin == coin)
