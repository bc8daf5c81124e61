"""What can be spent, by venue and coin: balances as the venues tell them, less what our own orders may still take.

The rule, which errs only on the poor side. `free` is the newest amount that the venue called free, less, for each
order of ours, all that it may cost while it is in flight and, once it has ended, what it did cost until the venue's own
figure shows it. What an order locks at the venue is thereby counted twice for as long as it is in flight, never zero
times. That a figure shows what an ended order cost is known
- from a push that the venue stamped later than everything it said of that order;
- from a read that was asked for after the order had ended; where a read does not tell when it was asked for, it was
  after PrivateUp and not longer ago than READ_NS;
- else, since a push that belongs to the order may carry the very same millisecond or none at all, SHOWN_NS after its
  end if a push has come since it was sent that is stamped no more than NEAR_NS before the order's last news.
So `free` exceeds the truth only where a push is later than SHOWN_NS, or lost while another one close to it is not.
Where no such push comes the cost stays deducted, which is exact: the figure is from before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Literal

import msgspec

from arb.domain import (
    Balance,
    BalancesRead,
    ClientId,
    Coin,
    Fill,
    OrderUpdate,
    PrivateDown,
    PrivateEvent,
    PrivateUp,
    VenueId,
)

READ_NS = 10_000_000_000
SHOWN_NS = 2_000_000_000
NEAR_NS = 100_000_000
MOST_TOLD = 64  # different amounts of one coin in one millisecond of the venue

Source = Literal["push", "read"]

_EXACT = Context(prec=100)
_NONE = Decimal(0)
_NEVER_UP = "its private side has not come up yet"
_NOT_READ = "its balances have not been read since its private side came up"


class Holding(msgspec.Struct, frozen=True, gc=False):
    """One coin at one venue. free, locked: as the venue told at `recv_ns`.   reserved: of `free`, for our orders."""

    venue: VenueId
    coin: Coin
    free: Decimal
    locked: Decimal
    reserved: Decimal
    seq: int
    source: Source
    recv_ns: int


class _Figure(msgspec.Struct):
    """exch_ns: the venue's time that this is not older than.   told: all that it said of its moment `told_ns`.

    floor_ns: the venue's time that a push must be later than to say more than this.
    recv_ns, source: of the amounts.   pushed_ns, read_ns: when the last push and the last read came, -1 for none.
    """

    free: Decimal = _NONE
    locked: Decimal = _NONE
    seq: int = 0
    exch_ns: int = 0
    floor_ns: int = 0
    recv_ns: int = 0
    source: Source = "read"
    pushed_ns: int = -1
    read_ns: int = -1
    told_ns: int = 0
    told: tuple[tuple[Decimal, Decimal], ...] = ()


class _Account(msgspec.Struct):
    """why: not usable for this reason."""

    why: str
    up_ns: int | None = None
    figures: dict[Coin, _Figure] = {}  # msgspec copies it for each account


class _Hold(msgspec.Struct):
    """What an order may cost or has cost.

    last_ns: the venue's time of its last word on the order, 0 for none.   settled_ns: when it ended; None: in flight.
    """

    venue: VenueId
    coin: Coin
    amount: Decimal
    since_ns: int
    last_ns: int = 0
    settled_ns: int | None = None


class Inventory:
    """Fed with every private event before anybody acts on it: what an order's end means depends on what was heard."""

    def __init__(self) -> None:
        self._accounts: dict[VenueId, _Account] = {}
        self._orders: dict[ClientId, _Hold] = {}
        self._holds: dict[tuple[VenueId, Coin], dict[ClientId, _Hold]] = {}

    # ------------------------------------------------------------------------------------------- what venues say

    def on_event(self, event: PrivateEvent) -> None:
        if isinstance(event, Fill | OrderUpdate):
            hold = self._orders.get(event.client_id)
            if hold is not None and hold.venue == event.venue:
                hold.last_ns = max(hold.last_ns, event.exch_ns)
        elif isinstance(event, Balance):
            self._on_push(event)
        elif isinstance(event, BalancesRead):
            self._on_read(event)
        elif isinstance(event, PrivateUp):
            self._accounts[event.venue] = _Account(_NOT_READ, event.recv_ns)
        elif isinstance(event, PrivateDown):
            self._accounts[event.venue] = _Account(f"its private side is lost: {event.reason}")

    def _on_push(self, event: Balance) -> None:
        account = self._accounts.get(event.venue)
        if account is None or account.up_ns is None:
            return  # of a stream that is gone
        figure = account.figures.get(event.coin)
        if figure is None:
            figure = account.figures[event.coin] = _Figure()
        elif event.seq and figure.seq:
            if event.seq <= figure.seq:
                return
        elif event.exch_ns:
            if event.exch_ns < figure.exch_ns or event.exch_ns <= figure.floor_ns:
                return
            said = (event.free, event.locked)
            if event.exch_ns != figure.told_ns:
                figure.told_ns, figure.told = event.exch_ns, ()
            elif event.free >= figure.free and (said in figure.told or len(figure.told) >= MOST_TOLD):
                return  # said twice, or free again within a millisecond: of the two the one that errs safely
            if len(figure.told) < MOST_TOLD:
                figure.told = (*figure.told, said)
        self._take(figure, event, event.recv_ns, "push")
        figure.pushed_ns = event.recv_ns
        self._release(event.venue, event.coin, figure)

    def _on_read(self, event: BalancesRead) -> None:
        account = self._accounts.get(event.venue)
        if account is None or account.up_ns is None:
            return
        account.why = ""
        named = {balance.coin: balance for balance in event.balances}
        # Where nobody tells when it was asked for: reads of one venue follow each other, and none takes so long.
        asked_ns = event.asked_ns or max(account.up_ns, event.recv_ns - READ_NS)
        for coin in (*named, *(coin for coin in account.figures if coin not in named)):
            balance = named.get(coin) or Balance(event.venue, coin, _NONE, _NONE, 0, 0, event.recv_ns)
            figure = account.figures.get(coin)
            if figure is None:
                figure = account.figures[coin] = _Figure()
            if balance.seq and figure.seq:
                if balance.seq < figure.seq:
                    continue
                overtaken = False
            else:
                overtaken = figure.pushed_ns >= asked_ns or (event.asked_ns > 0 and figure.read_ns >= asked_ns)
            if not overtaken or balance.free < figure.free:  # of two that crossed the one that errs safely
                self._take(figure, balance, event.recv_ns, "read")
            figure.read_ns = event.recv_ns
            self._release(event.venue, coin, figure, asked_ns)

    def _take(self, figure: _Figure, balance: Balance, recv_ns: int, source: Source) -> None:
        figure.free, figure.locked = balance.free, balance.locked
        figure.seq = balance.seq or figure.seq
        figure.exch_ns = max(figure.exch_ns, balance.exch_ns)
        figure.recv_ns, figure.source = recv_ns, source

    # ------------------------------------------------------------------------------------------- what we do

    def reserve(self, client_id: ClientId, venue: VenueId, coin: Coin, amount: Decimal, now_ns: int) -> None:
        """Before the order is sent: all that it may cost. Once for each order."""
        hold = _Hold(venue, coin, amount, now_ns)
        self._orders[client_id] = hold
        self._holds.setdefault((venue, coin), {})[client_id] = hold

    def settle(self, client_id: ClientId, spent: Decimal, now_ns: int) -> None:
        """The order has ended and cost `spent`: the rest is free at once, this much when the venue shows it.

        An order that nothing was reserved for is passed over.
        """
        hold = self._orders.get(client_id)
        if hold is None:
            return
        hold.amount, hold.settled_ns = spent, now_ns
        if not spent:
            self._drop(client_id, hold)
            return
        account = self._accounts.get(hold.venue)
        figure = account.figures.get(hold.coin) if account is not None else None
        if figure is not None:
            self._release(hold.venue, hold.coin, figure)

    # ------------------------------------------------------------------------------------------- what can be spent

    def free(self, venue: VenueId, coin: Coin, now_ns: int) -> Decimal | None:
        """What a new order may cost. None: not known now, see `why_not`. Below 0 while an order's lock counts twice."""
        account = self._accounts.get(venue)
        if account is None or account.why:
            return None
        figure = account.figures.get(coin)
        holds = self._holds.get((venue, coin))
        if holds and figure is not None:
            self._give_up(holds, figure, now_ns)
        free = figure.free if figure is not None else _NONE
        return _EXACT.subtract(free, _sum(holds.values())) if holds else free

    def why_not(self, venue: VenueId) -> str:
        """Why nothing is known of a venue; "" where it is."""
        account = self._accounts.get(venue)
        return _NEVER_UP if account is None else account.why

    def holdings(self) -> tuple[Holding, ...]:
        """Everything that is held at usable venues, by venue and coin."""
        held = []
        for venue, account in sorted(self._accounts.items()):
            for coin, figure in sorted(account.figures.items()) if not account.why else ():
                reserved = _sum(self._holds.get((venue, coin), {}).values())
                if figure.free or figure.locked or reserved:
                    held.append(
                        Holding(
                            venue, coin, figure.free, figure.locked, reserved, figure.seq, figure.source, figure.recv_ns
                        )
                    )
        return tuple(held)

    # ------------------------------------------------------------------------------------------- inside

    def _release(self, venue: VenueId, coin: Coin, figure: _Figure, asked_ns: int = -1) -> None:
        """Stop deducting what `figure` shows.   asked_ns: it is an answer to a question not older than this."""
        holds = self._holds.get((venue, coin))
        for client_id, hold in list(holds.items()) if holds else ():
            if hold.settled_ns is not None and (0 < hold.last_ns < figure.exch_ns or hold.settled_ns < asked_ns):
                self._drop(client_id, hold)
                figure.floor_ns = max(figure.floor_ns, hold.last_ns)  # an older push would hide the cost again

    def _give_up(self, holds: dict[ClientId, _Hold], figure: _Figure, now_ns: int) -> None:
        """Stop deducting what a push close to the order's end must show by now."""
        if figure.source != "push":
            return
        for client_id, hold in list(holds.items()):
            if (
                hold.settled_ns is not None
                and now_ns - hold.settled_ns >= SHOWN_NS
                and figure.recv_ns >= hold.since_ns
                and (not figure.exch_ns or figure.exch_ns >= hold.last_ns - NEAR_NS)
            ):
                self._drop(client_id, hold)

    def _drop(self, client_id: ClientId, hold: _Hold) -> None:
        del self._orders[client_id]
        del self._holds[hold.venue, hold.coin][client_id]


def _sum(holds: Iterable[_Hold]) -> Decimal:
    total = _NONE
    for hold in holds:
        total = _EXACT.add(total, hold.amount)
    return total
