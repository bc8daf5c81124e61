"""What the exchanges' best prices really were, moment by moment, and whether what we decided on was ever there."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from arb.domain import CycleOpened
from arb.journal import Records
from arb.sim import SimExchanges
from arb.sim.market import SimBook

MS = 1_000_000


class Touches(dict[int, None]):
    """A tap of one book: keeps (sim ns, best bid, best ask) after every change, in ticks."""

    def __init__(self, book: SimBook) -> None:
        super().__init__()
        self._book = book
        self._at: list[int] = []
        self._seen: list[tuple[int | None, int | None]] = []
        self[0] = None

    def __setitem__(self, _key: int, _value: None) -> None:
        book = self._book
        self._at.append(book.now_ns)
        self._seen.append((-book.bids[0] if book.bids else None, book.asks[0] if book.asks else None))

    def within(self, since_ns: int, until_ns: int) -> Iterable[tuple[int | None, int | None]]:
        """Every (bid, ask) that stood at some moment of this span."""
        return self._seen[max(0, bisect_right(self._at, since_ns) - 1) : bisect_right(self._at, until_ns)]


class Truth:
    """Of exchanges in this process, from now on."""

    def __init__(self, sim: SimExchanges) -> None:
        self._market = sim.market
        self._touches: dict[tuple[str, str], tuple[SimBook, Touches]] = {}
        for venue in sim.venues:
            for symbol, book in sim.market.books(venue).items():
                touches = Touches(book)
                book.taps.append(touches)
                self._touches[venue, symbol] = book, touches

    def false_cycles(self, path: Path, most_age_ms: float) -> list[tuple[int, str]]:
        """Cycles of a journal that were begun on a price nobody had shown for longer than this, and when."""
        wrong: list[tuple[int, str]] = []
        with closing(Records(path)) as records:
            for opened in records.facts(CycleOpened):
                buy, sell = opened.plan.books
                if not opened.orders:
                    continue
                age = (opened.at_ns - round(most_age_ms * MS), opened.at_ns)
                if not self._stood(buy.venue, buy.symbol, *age, ask=buy.ask):
                    wrong.append(
                        (opened.at_ns, f"{opened.cycle}: nobody asked {buy.ask} for {buy.symbol} at {buy.venue}")
                    )
                if not self._stood(sell.venue, sell.symbol, *age, bid=sell.bid):
                    wrong.append(
                        (opened.at_ns, f"{opened.cycle}: nobody bid {sell.bid} for {sell.symbol} at {sell.venue}")
                    )
        return wrong

    def false_offers(self, lines: Iterable[dict[str, object]], most_age_ms: float) -> list[str]:
        """Lines of `arb scan --jsonl` that tell of a gap which was not there for longer than this."""
        wrong = []
        for line in lines:
            if line.get("schema") != "arb.opportunity/1" or line["event"] == "close" or line["status"] != "OK":
                continue
            at_ns = int(str(line["decided_ns"]))
            age = (at_ns - round(most_age_ms * MS), at_ns)
            for name, beyond in (("buy", 1), ("sell", -1)):
                side = line[name]
                assert isinstance(side, dict)
                limit = Decimal(side["limit"])
                if not self._reached(side["venue"], str(line["symbol"]), *age, limit, beyond):
                    wrong.append(f"{line['id']} {line['event']}: {name} {line['symbol']} at {side['venue']}@{limit}")
        return wrong

    def _stood(
        self, venue: str, symbol: str, since_ns: int, until_ns: int, bid: Decimal | None = None,
        ask: Decimal | None = None,
    ) -> bool:  # fmt: skip
        book, touches = self._touches[venue, symbol]
        there = self._within(touches, since_ns, until_ns)
        if ask is not None:
            return any(theirs is not None and _price(book, theirs) == ask for _, theirs in there)
        return any(theirs is not None and _price(book, theirs) == bid for theirs, _ in there)

    def _reached(self, venue: str, symbol: str, since_ns: int, until_ns: int, limit: Decimal, buy: int) -> bool:
        book, touches = self._touches[venue, symbol]
        for bid, ask in self._within(touches, since_ns, until_ns):
            best = ask if buy > 0 else bid
            if best is not None and (limit - _price(book, best)) * buy >= 0:
                return True
        return False

    def _within(self, touches: Touches, since_ns: int, until_ns: int) -> Iterable[tuple[int | None, int | None]]:
        return touches.within(self._market.sim_ns(since_ns), self._market.sim_ns(until_ns))


def _price(book: SimBook, ticks: int) -> Decimal:
    return Decimal(ticks).scaleb(-book.listing.price_decimals)
