"""The market behind all simulated venues: events in time order, gaps planted and closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush
from random import Random

from arb.interfaces import Clock
from arb.sim.market.book import SimBook, text
from arb.sim.market.catalogue import build
from arb.sim.market.coins import USD_PER_QUOTE
from arb.sim.market.listing import Catalogue, VenueTraits
from arb.sim.market.pair import OpenGap, Pair
from arb.sim.market.truth import PlantedGap, TruthLog

_MS = 1_000_000


class Market:
    """Every book of every venue. `advance` moves all of it to a moment; the same seed always takes the same way there.

    Times are sim time, ns since `start`. gaps_hz: planted gaps a second, over all symbols.
    activity: factor on the number of book events.
    """

    def __init__(
        self,
        seed: int,
        symbols: int,
        venues: Sequence[VenueTraits],
        truth: TruthLog,
        gaps_hz: float | None = None,
        activity: float = 1.0,
    ) -> None:
        self.traits: Mapping[str, VenueTraits] = {v.name: v for v in venues}
        self.catalogue: Catalogue = build(seed, symbols, venues)
        self.truth = truth
        self.pairs: dict[str, Pair] = {
            i.symbol: Pair(seed, i, self.traits, USD_PER_QUOTE[i.quote]) for i in self.catalogue.instruments
        }
        self._rng = Random(f"{seed}:gaps")
        self._eligible = [p for p in self.pairs.values() if p.instrument.gaps and len(p.books) > 1]
        self._gaps_hz = min(10.0, 2.0 * len(self._eligible) / 48) if gaps_hz is None else gaps_hz
        self._activity = activity
        # (when, tie-breaker, pair, venue); no venue: an open gap closes; no pair: the next gap is due
        self._queue: list[tuple[int, int, Pair | None, str]] = []
        self._count = 0
        self._mono0 = self._wall0 = 0
        self.now_ns = 0

    def books(self, venue: str) -> dict[str, SimBook]:
        """symbol -> book, of one venue."""
        return {s: p.books[venue] for s, p in self.pairs.items() if venue in p.books}

    def start(self, clock: Clock) -> None:
        """Sim time begins now."""
        self._mono0, self._wall0 = clock.mono_ns(), clock.wall_ns()
        for pair in self.pairs.values():
            for venue in pair.books:
                self._next_event(pair, venue, 0)
            if pair.instrument.standing:
                self._log_standing(pair)
        if self._eligible and self._gaps_hz > 0:
            self._push(int(self._rng.expovariate(self._gaps_hz) * 1e9), None, "")

    def wall_ns(self, at_ns: int) -> int:
        """Wall time of a moment of sim time."""
        return self._wall0 + at_ns

    def sim_ns(self, mono_ns: int) -> int:
        return mono_ns - self._mono0

    def advance(self, to_ns: int) -> None:
        """Let everything happen that happens up to `to_ns`."""
        queue = self._queue
        while queue and queue[0][0] <= to_ns:
            at_ns, _, pair, venue = heappop(queue)
            if pair is None:
                self._open_some_gap(at_ns)
                self._push(at_ns + int(self._rng.expovariate(self._gaps_hz) * 1e9), None, "")
            elif not venue:
                self._close_gap(pair, at_ns)
            else:
                pair.happen(venue, at_ns)
                self._next_event(pair, venue, at_ns)
        self.now_ns = to_ns

    def _push(self, at_ns: int, pair: Pair | None, venue: str) -> None:
        self._count += 1
        heappush(self._queue, (at_ns, self._count, pair, venue))

    def _next_event(self, pair: Pair, venue: str, now_ns: int) -> None:
        rate_hz = pair.instrument.rate_hz * self._activity
        if rate_hz > 0:
            self._push(now_ns + 1 + int(pair.rng.expovariate(rate_hz) * 1e9), pair, venue)

    def _open_some_gap(self, now_ns: int) -> None:
        rng = self._rng
        pair = self._eligible[rng.randrange(len(self._eligible))]
        buy, sell = rng.sample(sorted(pair.books), 2)
        # a fifth stay below the fees; the rest are worth 2 to about 80 bps after them
        net_bps = rng.uniform(-18.0, -2.0) if rng.random() < 0.22 else 2.0 + min(78.0, rng.expovariate(1 / 16))
        usd = 10 ** rng.uniform(1.7, 3.9)
        life_s = min(3.0, max(0.02, rng.lognormvariate(-0.85, 0.85)))
        move_sell = rng.random() < 0.5
        if pair.gap is None:
            self.open_gap(
                pair, buy, sell, net_bps=net_bps, usd=usd, life_ns=int(life_s * 1e9), move_sell=move_sell, now_ns=now_ns
            )

    def open_gap(
        self, pair: Pair, buy: str, sell: str, *, net_bps: float, usd: float, life_ns: int, move_sell: bool, now_ns: int
    ) -> PlantedGap:
        """Plant one gap: cheap on `buy`, dear on `sell`, of about this net edge and size.

        move_sell: whether the bid of `sell` is moved up, or the ask of `buy` down.
        """
        fee_buy, fee_sell = self.traits[buy].taker, self.traits[sell].taker
        here, there = pair.books[buy], pair.books[sell]
        here.now_ns = there.now_ns = now_ns
        ask, bid = here.best_ask * pair.units[buy], there.best_bid * pair.units[sell]
        # sell / buy that leaves net_bps after both fees
        ratio = (1.0 + net_bps / 1e4 + fee_buy) / (1.0 - fee_sell)
        places = min(here.listing.qty_decimals, there.listing.qty_decimals)
        size = max(1, int(usd / (pair.instrument.price * USD_PER_QUOTE[pair.instrument.quote]) * 10**places))
        lots = {v: size * 10 ** (pair.books[v].listing.qty_decimals - places) for v in (buy, sell)}
        if move_sell:
            bid_ticks = -(-round(ask * ratio) // pair.units[sell])
            gap = self._move(pair, sell, -bid_ticks, lots[sell], buy, here.asks[0], lots[buy])
        else:
            ask_ticks = max(1, round(bid / ratio) // pair.units[buy])
            gap = self._move(pair, buy, ask_ticks, lots[buy], sell, there.bids[0], lots[sell])
        pair.gap = gap
        self._push(now_ns + life_ns, pair, "")
        planted = self._record(pair, buy, sell, text(size, places), now_ns, now_ns + life_ns)
        self.truth.add(planted)
        return planted

    @staticmethod
    def _move(pair: Pair, moved: str, key: int, lots: int, other: str, counter: int, counter_lots: int) -> OpenGap:
        """Put one level into `moved` that crosses `other`, and take away those of its own book that it would meet."""
        book, opposite = pair.books[moved], pair.books[other]
        own = book.asks if key < 0 else book.bids
        # own levels at or beyond the planted price would trade with it: -key is the same price on the other side
        removed = []
        while own and own[0] <= -key:
            removed.append((own[0], book.market_lots(own[0])))
            book.sweep(own[0])
        if not own:
            book.put(-key + 1, max(1, removed[-1][1]))
        pair.tidy(moved)
        book.put(key, lots)
        bumped = (counter, opposite.market_lots(counter))
        opposite.put(counter, max(counter_lots, bumped[1]))
        return OpenGap(moved, tuple(removed), key, other, bumped)

    def _close_gap(self, pair: Pair, now_ns: int) -> None:
        gap = pair.gap
        if gap is None:
            return
        book, other = pair.books[gap.moved], pair.books[gap.other]
        book.now_ns = other.now_ns = now_ns
        book.put(gap.planted, 0)
        for key, lots in gap.removed:
            book.put(key, lots)
        other.put(*gap.bumped)
        pair.tidy(gap.moved)
        pair.gap = None
        pair.resume(now_ns)

    def _record(
        self, pair: Pair, buy: str, sell: str, size: str, open_ns: int, close_ns: int | None, why: str = ""
    ) -> PlantedGap:
        here, there = pair.books[buy], pair.books[sell]
        ask, bid = here.best_ask * pair.units[buy], there.best_bid * pair.units[sell]
        fee_buy, fee_sell = self.traits[buy].taker, self.traits[sell].taker
        return PlantedGap(
            id=self.truth.added + 1,
            kind="standing" if why else "gap",
            symbol=pair.instrument.symbol,
            buy=buy,
            sell=sell,
            buy_price=text(here.best_ask, here.listing.price_decimals),
            sell_price=text(there.best_bid, there.listing.price_decimals),
            edge_bps=round((bid - ask) / ask * 1e4, 6),
            net_bps=round((bid * (1 - fee_sell) - ask * (1 + fee_buy)) / ask * 1e4, 6),
            size=size,
            open_ms=open_ns / _MS,
            close_ms=None if close_ns is None else close_ns / _MS,
            open_mono_ns=self._mono0 + open_ns,
            close_mono_ns=None if close_ns is None else self._mono0 + close_ns,
            open_wall_ns=self._wall0 + open_ns,
            close_wall_ns=None if close_ns is None else self._wall0 + close_ns,
            why=why,
        )

    def _log_standing(self, pair: Pair) -> None:
        cheap, dear = sorted(pair.books, key=lambda v: pair.books[v].best_ask * pair.units[v])[:2]
        here, there = pair.books[cheap], pair.books[dear]
        places = min(here.listing.qty_decimals, there.listing.qty_decimals)
        size = min(
            here.lots[here.asks[0]] // 10 ** (here.listing.qty_decimals - places),
            there.lots[there.bids[0]] // 10 ** (there.listing.qty_decimals - places),
        )
        self.truth.add(self._record(pair, cheap, dear, text(size, places), 0, None, pair.instrument.standing))
