"""The venue that paper orders go to: live books, an account, and a venue's manners. No latency: that is the way there.

Harder than live wherever the two could differ: see `Matching`, `Liquidity` and `PaperConfig`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from itertools import count
from random import Random

from arb.book import Book
from arb.config import PaperConfig
from arb.domain import (
    Balance,
    BookKey,
    ClientId,
    Coin,
    FeeSchedule,
    Fill,
    Market,
    Order,
    OrderStatus,
    OrderType,
    OrderUpdate,
    Reason,
    Side,
    Symbol,
    VenueId,
)
from arb.interfaces import Clock
from arb.paper.account import Account
from arb.paper.funds import Funds
from arb.paper.liquidity import Liquidity
from arb.paper.matching import Matching, best_of, crosses
from arb.paper.orders import OrderTable, PaperOrder
from arb.paper.rules import refusal
from arb.sync import BookSync
from arb.units import exact

BookOf = Callable[[BookKey], BookSync | None]
FeeOf = Callable[[BookKey], FeeSchedule | None]
Told = OrderUpdate | Fill | Balance

KEEP_NS = 3_600_000_000_000  # an order that has ended and a fill are known for so long, as far as there is room

_EXACT = Context(prec=80)  # products of prices, quantities and rates, and sums of them, without rounding
_NONE = Decimal(0)


class PaperVenue:
    """What happens at the venue at a moment. `balances` empty: see `Funds`.   max_age_ns: of a book to trade on."""

    def __init__(
        self,
        venue: VenueId,
        *,
        markets: Iterable[Market],
        fees: FeeOf,
        book: BookOf,
        clock: Clock,
        config: PaperConfig,
        balances: Mapping[str, Decimal],
        rng: Random,
        max_age_ns: int,
    ) -> None:
        self._venue = venue
        self._markets = {market.symbol: market for market in markets}
        self._fees = fees
        self._book = book
        self._clock = clock
        self._rng = rng
        self._reject_share = config.reject_share
        self._max_age_ns = max_age_ns
        self._funds = None if balances else Funds(self._markets.values())
        start = self._funds.start if self._funds is not None else balances
        self._account = Account(venue, {Coin(coin): amount for coin, amount in start.items()})
        self._liquidity = Liquidity(Decimal(str(config.depth_share)))
        run = f"{clock.wall_ns():x}"
        self._matching = Matching(self._account, self._liquidity, run)
        self._orders = OrderTable()
        self._fills: deque[Fill] = deque()  # the oldest first
        self._ids = (f"{run}-{number}" for number in count(1))

    # ------------------------------------------------------------------------------------------- what is asked of it

    def place(self, order: Order, now_ns: int) -> list[Told]:
        """An order arrives. What the venue has to say of it, its money included."""
        self._forget(now_ns - KEEP_NS)
        with localcontext(_EXACT):
            refused = self._place(order, now_ns)
            if isinstance(refused, str):
                return [self._rejected(order, refused, now_ns)]
            return self._said(refused, 0, now_ns)

    def cancel(self, symbol: Symbol, client_id: ClientId, venue_id: str, now_ns: int) -> list[Told]:
        """A cancel arrives; of what is not open (any more) there is nothing to say."""
        paper = self._orders.find(symbol, client_id, venue_id)
        if paper is None or not paper.open:
            return []
        with localcontext(_EXACT):
            self._end(paper, OrderStatus.CANCELLED, "cancelled")
            self._matching.release(paper)
            return self._said(paper, len(paper.fills), now_ns)

    def find(
        self, symbol: Symbol, client_id: ClientId, venue_id: str, now_ns: int
    ) -> tuple[OrderUpdate, tuple[Fill, ...]] | None:
        """What is known of an order; None: nothing, and then it was not accepted up to now."""
        paper = self._orders.find(symbol, client_id, venue_id)
        return (paper.update(now_ns), tuple(paper.fills)) if paper is not None else None

    def open_orders(self, symbol: Symbol | None, now_ns: int) -> tuple[OrderUpdate, ...]:
        return tuple(
            paper.update(now_ns) for paper in self._orders.open.values() if symbol in (None, paper.order.symbol)
        )

    def fills(self, symbol: Symbol, since_ns: int, until_ns: int) -> tuple[Fill, ...]:
        """Of one market, by wall time; 0 for `until_ns`: till now."""
        return tuple(
            fill
            for fill in self._fills
            if fill.symbol == symbol and since_ns <= fill.exch_ns and (not until_ns or fill.exch_ns <= until_ns)
        )

    def balances(self, now_ns: int) -> tuple[Balance, ...]:
        return self._account.all(self._clock.wall_ns(), now_ns)

    # ------------------------------------------------------------------------------------------- what the books do

    @property
    def watching(self) -> bool:
        """Whether the books have to be looked at: something rests, or was taken."""
        return bool(self._orders.open or self._liquidity.remembered)

    def look(self, now_ns: int) -> list[Told]:
        """Time has passed: what the books have come to since the last look."""
        with localcontext(_EXACT):
            for symbol in self._liquidity.remembered:
                book = self._usable(symbol, now_ns)
                if not isinstance(book, Reason):
                    for side in Side:
                        self._liquidity.look(book, symbol, side)
            said: list[Told] = []
            for paper in tuple(self._orders.open.values()):
                said += self._rested(paper, now_ns)
            return said

    @property
    def granted(self) -> bool:
        """Whether the account has all that it is to begin with."""
        return self._funds is None or self._funds.complete

    def grant(self, now_ns: int) -> Sequence[Balance]:
        """Give the account what a first price allows to give."""
        if self._funds is None:
            return ()
        with localcontext(_EXACT):
            for coin, amount in self._funds.grants(lambda symbol: self._mid(symbol, now_ns)):
                self._account.receive(coin, amount)
            return self._account.take_changes(self._clock.wall_ns(), now_ns)

    # ------------------------------------------------------------------------------------------- inside

    def _forget(self, before_ns: int) -> None:
        self._orders.forget(before_ns)
        fills = self._fills
        while fills and (fills[0].recv_ns < before_ns or not self._orders.holds(fills[0].venue_id)):
            fills.popleft()

    def _place(self, order: Order, now_ns: int) -> PaperOrder | str:
        """Accepted, and as it is after it has met the book; or why not."""
        market = self._markets.get(order.symbol)
        fee = self._fees((self._venue, order.symbol))
        if market is None or order.venue != self._venue:
            return f"no market {order.symbol}"
        if fee is None:
            return "its fee is not known"
        if self._rng.random() < self._reject_share:
            return "refused at random, as configured"
        book = self._usable(order.symbol, now_ns)
        if isinstance(book, Reason):
            return f"its book cannot be used: {book.name}"
        why = refusal(order, market, best_of(book, order.side))
        if why:
            return why
        if self._orders.known(order.client_id):
            return "client id used before"
        paper = PaperOrder(order, market, fee)
        if order.type is OrderType.POST_ONLY and crosses(paper, book):
            return "post-only order would take"
        if not self._matching.lock(paper):
            return "not enough free money"
        paper.venue_id = next(self._ids)
        self._orders.add(paper)
        self._meet(paper, book, now_ns)
        self._matching.release(paper)
        return paper

    def _meet(self, paper: PaperOrder, book: Book, now_ns: int) -> None:
        """On arrival: take, then rest or end."""
        kind, wall_ns = paper.order.type, self._clock.wall_ns()
        paper.updated_ns = wall_ns
        if kind is OrderType.POST_ONLY:
            return
        if kind is OrderType.FOK and not self._matching.fillable(paper, book):
            self._end(paper, OrderStatus.CANCELLED, "not all of it could be had at once")
            return
        took = self._matching.take(paper, book, wall_ns, now_ns)
        if paper.done:
            self._end(paper, OrderStatus.FILLED, "")
        elif kind is not OrderType.LIMIT:
            self._end(paper, OrderStatus.CANCELLED, "no more to be had at its price")
        elif took:
            paper.status = OrderStatus.PARTIAL

    def _rested(self, paper: PaperOrder, now_ns: int) -> list[Told]:
        """A resting order and the book of this moment."""
        book = self._usable(paper.order.symbol, now_ns)
        if isinstance(book, Reason) or not crosses(paper, book):
            return []
        wall_ns, told = self._clock.wall_ns(), len(paper.fills)
        if not self._matching.meet(paper, book, wall_ns, now_ns):
            return []
        paper.updated_ns = wall_ns
        paper.status = OrderStatus.PARTIAL
        if paper.done:
            self._end(paper, OrderStatus.FILLED, "")
        self._matching.release(paper)
        return self._said(paper, told, now_ns)

    def _end(self, paper: PaperOrder, status: OrderStatus, reason: str) -> None:
        paper.status, paper.reason, paper.updated_ns = status, reason, self._clock.wall_ns()
        self._orders.end(paper, self._clock.mono_ns())

    def _said(self, paper: PaperOrder, told: int, now_ns: int) -> list[Told]:
        """The order as it stands, its fills from number `told` on, and the money that moved."""
        self._fills += paper.fills[told:]
        changes = self._account.take_changes(self._clock.wall_ns(), now_ns)
        return [paper.update(now_ns), *paper.fills[told:], *changes]

    def _rejected(self, order: Order, why: str, now_ns: int) -> OrderUpdate:
        wall_ns = self._clock.wall_ns()
        return OrderUpdate(
            self._venue,
            order.client_id,
            "",
            OrderStatus.REJECTED,
            _NONE,
            _NONE,
            f"{self._venue}: {why}",
            wall_ns,
            now_ns,
            order.symbol,
        )

    def _mid(self, symbol: Symbol, now_ns: int) -> Decimal | None:
        book = self._usable(symbol, now_ns)
        if isinstance(book, Reason) or not book.bids(1) or not book.asks(1):
            return None
        return (exact(book.best_bid) + exact(book.best_ask)) / 2

    def _usable(self, symbol: Symbol, now_ns: int) -> Book | Reason:
        """The book of this moment, or why it may not be traded on."""
        found = self._book((self._venue, symbol))
        if found is None:
            return Reason.BOOK_DOWN
        reason = found.refusal(now_ns, self._max_age_ns)
        return found.live(now_ns, self._max_age_ns) if reason is Reason.OK else reason
