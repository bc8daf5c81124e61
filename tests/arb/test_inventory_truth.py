"""A venue known exactly, and an inventory that hears of it late, twice and out of order: never too much is free.

Everything that happens is drawn: orders sent on what the inventory calls free, their way to the venue, what they cost
and when that is told, money from elsewhere, pushes and reads on their way, lost connections.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    OrderStatus,
    OrderUpdate,
    PrivateDown,
    PrivateUp,
    VenueId,
)
from arb.inventory import READ_NS, SHOWN_NS, Inventory

V, USDT = VenueId("v"), Coin("USDT")
MS = 1_000_000
WALL_MS = 1_700_000_000_000
LATE = SHOWN_NS // MS - 1  # ms; no push is later
LONG = READ_NS // MS - 1  # ms; no answer takes longer

seeds = st.integers(0, 2**32)


class Model:
    """The venue's one coin, the wires between it and us, and our inventory; time in ms."""

    def __init__(self, delays: list[int], doubled: list[bool], stamped: bool) -> None:
        self.inventory = Inventory()
        self.now = 1  # 0 would mean that nobody tells when a read was asked for
        self.free, self.locked = 1_000, 0
        self.flying: dict[ClientId, int] = {}
        self.sent = 0
        self._delays, self._doubled, self._stamped = delays, doubled, stamped
        self._pushes = count()
        self._order = count()
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._conn = 0
        self._up = False
        self._last: dict[int, int] = {}  # when the last push of a millisecond arrives
        self.rise()

    def at(self, when: int, what: Callable[[], None]) -> None:
        heappush(self._agenda, (when, next(self._order), what))

    def run(self, until: int) -> None:
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, what = heappop(self._agenda)
            what()
            self.check()
        self.now = until
        self.check()

    def check(self) -> None:
        said = self.inventory.free(V, USDT, self.now * MS)
        assert said is None or said <= self.free - sum(self.flying.values())

    # ------------------------------------------------------------------------------------------- what happens

    def send(self, share: int, there: int, life: int, cost: int, news: int) -> None:
        """An order for `share` % of what we believe is free, that costs `cost` % of that."""
        free = self.inventory.free(V, USDT, self.now * MS)
        most = int(free * share) // 100 if free is not None and free > 0 else 0
        if not most:
            return
        client_id, spent = ClientId(f"o{next(self._order)}"), most * cost // 100
        self.sent += 1
        self.flying[client_id] = most
        self.inventory.reserve(client_id, V, USDT, Decimal(most), self.now * MS)
        self.at(self.now + there, lambda: self._arrive(client_id, most))
        self.at(self.now + there + life, lambda: self._end(client_id, most, spent, news))

    def gain(self, amount: int) -> None:
        self._change(amount, 0)

    def read(self, there: int, back: int) -> None:
        conn, asked_ns = self._conn, self.now * MS

        def answer() -> None:
            told = Balance(V, USDT, Decimal(self.free), Decimal(self.locked), 0, 0, 0)
            self.at(self.now + back, lambda: self._hear(BalancesRead(V, (told,), self.now * MS, asked_ns), conn))

        self.at(self.now + there, answer)

    def cut(self, down: int) -> None:
        if self._up:
            self._up = False
            self._conn += 1
            self.inventory.on_event(PrivateDown(V, "cut", self.now * MS))
            self.at(self.now + down, self.rise)

    def rise(self) -> None:
        self._up = True
        self.inventory.on_event(PrivateUp(V, self.now * MS))
        self.read(5, 20)

    # ------------------------------------------------------------------------------------------- inside

    def _arrive(self, client_id: ClientId, cost: int) -> None:
        assert cost <= self.free, "an order was sent that the venue must refuse"
        del self.flying[client_id]
        self._change(-cost, cost)

    def _end(self, client_id: ClientId, cost: int, spent: int, news: int) -> None:
        exch_ns = (WALL_MS + self.now) * MS if self._stamped else 0
        self._change(cost - spent, -cost)

        def tell() -> None:
            amount = Decimal(spent)
            told = OrderUpdate(V, client_id, "1", OrderStatus.FILLED, amount, amount, "", exch_ns, self.now * MS)
            self.inventory.on_event(told)
            self.inventory.settle(client_id, amount, self.now * MS)

        self.at(self.now + news, tell)

    def _change(self, free: int, locked: int) -> None:
        self.free += free
        self.locked += locked
        number = next(self._pushes)
        delay = self._delays[number % len(self._delays)]
        exch_ns, conn = (WALL_MS + self.now) * MS if self._stamped else 0, self._conn
        said = (Decimal(self.free), Decimal(self.locked))
        # Venues keep the order of one millisecond; without stamps there is nothing else that could order them.
        group = self.now if self._stamped else 0
        arrives = self._last[group] = max(self._last.get(group, 0), self.now + delay)
        again = self._stamped and self._doubled[number % len(self._doubled)]
        for when in (arrives, arrives + delay) if again else (arrives,):
            self.at(when, lambda: self._hear(Balance(V, USDT, *said, 0, exch_ns, self.now * MS), conn))

    def _hear(self, event: Balance | BalancesRead, conn: int) -> None:
        if self._up and conn == self._conn:
            self.inventory.on_event(event)


def played(seed: int, *, stamped: bool = True, reads: bool = True) -> Model:
    """Sixty things that happen. Busy for most of the time: what can go wrong does so where things overlap."""
    rng = Random(seed)
    lag = rng.choice((5, 50, 500, LATE)) if stamped else 30
    model = Model([rng.randint(0, lag) for _ in range(7)], [rng.random() < 0.5 for _ in range(5)], stamped)
    for _ in range(60):
        pause = rng.choices((0, rng.randint(1, 5), rng.randint(1, 3 * lag), rng.randint(1, 12_000)), (3, 4, 3, 1))[0]
        model.run(model.now + pause)
        what = rng.choices(("send", "gain", "read", "cut"), (6, 2, 3 * reads, 0.4))[0]
        if what == "send":
            there, life, news = (rng.choice((0, rng.randint(1, lag))) for _ in range(3))
            model.send(rng.choice((10, 50, 100)), there, life, rng.choice((0, 5, 30, 100)), news)
        elif what == "gain":
            model.gain(rng.randint(1, 300))
        elif what == "read":
            most = rng.choice((20, lag, LONG // 2))
            model.read(rng.randint(0, most), rng.randint(0, most))
        else:
            model.cut(rng.choice((0, rng.randint(1, 3_000))))
    model.run(model.now + 60_000)
    return model


@given(seeds)
def test_never_more_is_free_than_the_venue_has_less_what_is_on_its_way(seed):
    played(seed)


@given(seeds)
def test_nor_where_the_venue_stamps_nothing_and_its_pushes_come_in_order(seed):
    played(seed, stamped=False, reads=False)  # nothing orders a read and a push that cross without stamps


@given(seeds)
def test_in_the_end_everything_is_free_again(seed):
    model = played(seed)
    model.read(5, 20)
    model.run(model.now + 60_000)
    assert model.inventory.free(V, USDT, model.now * MS) == model.free


def test_the_model_really_trades():
    model = Model([3], [True], stamped=True)
    for _ in range(20):
        model.run(model.now + 5_000)
        model.send(100, 10, 10, 5, 10)
    assert model.sent == 20
    assert model.free < 500
