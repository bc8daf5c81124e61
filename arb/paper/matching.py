"""How a paper order meets a book, and how money moves with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import count

from arb.book import Book
from arb.domain import Fill, Side
from arb.paper.account import Account
from arb.paper.liquidity import Liquidity, Offer
from arb.paper.orders import PaperOrder
from arb.units import exact, floor_to

_NONE = Decimal(0)


class Matching:
    """The money side of one account. run: part of the trade ids, which thereby differ from those of an earlier run."""

    def __init__(self, account: Account, liquidity: Liquidity, run: str) -> None:
        self._account = account
        self._liquidity = liquidity
        self._run = run
        self._trades = count(1)

    def lock(self, paper: PaperOrder) -> bool:
        """Set aside what the whole order may cost. False where less is free."""
        need = paper.need
        if not self._account.lock(paper.pays, need):
            return False
        paper.reserve = need
        return True

    def release(self, paper: PaperOrder) -> None:
        """Give back what is not needed (any more)."""
        spare = paper.reserve - (paper.need if paper.open else _NONE)
        if spare > 0:
            paper.reserve -= spare
            self._account.unlock(paper.pays, spare)

    def fillable(self, paper: PaperOrder, book: Book) -> bool:
        """Whether everything can be had at once."""
        left = paper.left
        for _, qty in self._reachable(paper, book):
            left -= qty
            if left <= 0:
                return True
        return False

    def take(self, paper: PaperOrder, book: Book, wall_ns: int, now_ns: int) -> bool:
        """Fill it with what may be had at the prices of the book. True where something was."""
        taken: list[Offer] = []
        for price, there in self._reachable(paper, book):
            wanted = floor_to(paper.left / price, paper.market.step) if paper.spends else paper.left
            qty = min(there, wanted)
            if not qty:
                paper.done = bool(taken)  # the rest of a MARKET buy is worth less than a step
                break
            paper.left -= qty * price if paper.spends else qty
            paper.done = not paper.left
            taken.append((price, qty))
            self._settle(paper, price, qty, wall_ns, now_ns, maker=False)
            if paper.done:
                break
        return self._remember(paper, book, taken)

    def meet(self, paper: PaperOrder, book: Book, wall_ns: int, now_ns: int) -> bool:
        """A resting order after the market has moved: filled at its own price, by levels strictly beyond it only."""
        price = paper.order.price
        assert price is not None, "what rests has a price"
        taken: list[Offer] = []
        for level, there in self._reachable(paper, book):
            qty = min(there, paper.left)
            if level == price or not qty:
                break
            paper.left -= qty
            taken.append((level, qty))
        paper.done = not paper.left
        if taken:
            self._settle(paper, price, sum((qty for _, qty in taken), _NONE), wall_ns, now_ns, maker=True)
        return self._remember(paper, book, taken)

    def _reachable(self, paper: PaperOrder, book: Book) -> Iterator[Offer]:
        for price, qty in self._liquidity.offers(book, paper.order.symbol, paper.order.side, paper.market.step):
            if not paper.reaches(price):
                return
            yield price, qty

    def _remember(self, paper: PaperOrder, book: Book, taken: Iterable[Offer]) -> bool:
        gone = dict(taken)
        self._liquidity.take(book, paper.order.symbol, paper.order.side, gone)
        return bool(gone)

    def _settle(
        self, paper: PaperOrder, price: Decimal, qty: Decimal, wall_ns: int, now_ns: int, *, maker: bool
    ) -> None:
        order, market = paper.order, paper.market
        notional = price * qty
        rate = paper.fee.maker if maker else paper.fee.taker
        fee = (notional if paper.fee_in_quote else qty) * rate
        given, got = (notional, qty) if paper.buying else (qty, notional)
        if paper.fee_in_quote is paper.buying:
            given += fee
        else:
            got -= fee
        paper.reserve -= given
        self._account.pay(paper.pays, given)
        self._account.receive(market.base if paper.buying else market.quote, got)
        paper.filled += qty
        paper.notional += notional
        fill = Fill(
            venue=order.venue,
            symbol=order.symbol,
            client_id=order.client_id,
            trade_id=f"{self._run}-{next(self._trades)}",
            side=order.side,
            price=price,
            qty=qty,
            fee=fee,
            fee_coin=market.quote if paper.fee_in_quote else market.base,
            maker=maker,
            exch_ns=wall_ns,
            recv_ns=now_ns,
            venue_id=paper.venue_id,
        )
        paper.fills.append(fill)


def best_of(book: Book, side: Side) -> Decimal | None:
    """The best price that an order of `side` meets; None: nobody is there."""
    found = book.asks(1) if side is Side.BUY else book.bids(1)
    return exact(found[0][0]) if found else None


def crosses(paper: PaperOrder, book: Book) -> bool:
    """Whether the order would meet somebody, however little of it we could get."""
    best = best_of(book, paper.order.side)
    return best is not None and paper.reaches(best)
