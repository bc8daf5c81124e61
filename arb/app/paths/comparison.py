"""Native's and ccxt's books of one venue, held against each other while both run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from arb.book import Book
from arb.domain import BookKey, BookState, Level
from arb.pathstatus import SymbolDifference
from arb.sync import BookSync

LEVELS = 5  # of each side that are compared at one sequence
LASTING_NS = 5_000_000_000  # tops that differ for longer are no matter of who is first
REMEMBERED = 128  # states of each book
MOST_LEADS = 200_000  # the last ones count

BookOf = Callable[[BookKey], BookSync | None]
Tops = tuple[list[Level], list[Level]]


class Pair:
    """One market's two books. equal: whether their tops are now; None: one of them is not LIVE."""

    __slots__ = (
        "ccxt", "compared", "different_ns", "equal", "equal_ns", "largest_bps", "lasting", "longest_ns", "native",
        "since_ns", "told", "unequal", "waiting",
    )  # fmt: skip

    def __init__(self, now_ns: int) -> None:
        self.native: deque[tuple[int, int, Tops]] = deque(maxlen=REMEMBERED)  # sequence, arrival, levels
        self.ccxt: deque[tuple[int, int, Tops]] = deque(maxlen=REMEMBERED)
        self.waiting: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)  # states of ccxt that native has not reached
        self.equal: bool | None = None
        self.since_ns = now_ns
        self.told = False  # of the difference that stands now, as one that lasts
        self.equal_ns = self.different_ns = self.longest_ns = 0
        self.largest_bps = 0.0
        self.compared = self.unequal = self.lasting = 0

    def account(self, now_ns: int) -> None:
        """The time up to now, and whether a difference has stood for too long."""
        stood_ns = now_ns - self.since_ns
        if self.equal is False:
            self.longest_ns = max(self.longest_ns, stood_ns)
            if stood_ns >= LASTING_NS and not self.told:
                self.told = True
                self.lasting += 1

    def relate(self, equal: bool | None, now_ns: int) -> None:
        if equal is self.equal:
            return
        self.account(now_ns)
        stood_ns = max(0, now_ns - self.since_ns)
        if self.equal:
            self.equal_ns += stood_ns
        elif self.equal is False:
            self.different_ns += stood_ns
        self.equal, self.since_ns, self.told = equal, now_ns, False


class Comparison:
    """native, ccxt: give the book of a path.   leads_ns: by how much native was earlier with a state of ccxt's."""

    def __init__(self, native: BookOf, ccxt: BookOf, keys: Iterable[BookKey], now_ns: int) -> None:
        self._native = native
        self._ccxt = ccxt
        self.began_ns = now_ns
        self.pairs = {key: Pair(now_ns) for key in keys}
        self.leads_ns: deque[int] = deque(maxlen=MOST_LEADS)

    def on_native(self, keys: Iterable[BookKey], now_ns: int) -> None:
        """Events came for these books of native."""
        for key in keys:
            pair, book = self.pairs.get(key), self._native(key)
            if pair is None or book is None:
                continue
            state = _remember(pair.native, book)
            if state is not None:
                seq, recv_ns, tops = state
                while pair.waiting and pair.waiting[0][0] <= seq:
                    self.leads_ns.append(pair.waiting.popleft()[1] - recv_ns)
                _hold(pair, seq, tops, pair.ccxt)
            self._relate(key, pair, now_ns)

    def on_ccxt(self, keys: Iterable[BookKey], now_ns: int) -> None:
        """Events came for these books of ccxt."""
        for key in keys:
            pair, book = self.pairs.get(key), self._ccxt(key)
            if pair is None or book is None:
                continue
            state = _remember(pair.ccxt, book)
            if state is not None:
                seq, recv_ns, tops = state
                first_ns = next((at_ns for native, at_ns, _ in pair.native if native >= seq), None)
                if first_ns is not None:
                    self.leads_ns.append(recv_ns - first_ns)
                else:
                    pair.waiting.append((seq, recv_ns))
                _hold(pair, seq, tops, pair.native)
            self._relate(key, pair, now_ns)

    def tick(self, now_ns: int) -> None:
        """Time passed: books may have become STALE, and differences may last."""
        for key, pair in self.pairs.items():
            self._relate(key, pair, now_ns)
            pair.account(now_ns)

    @property
    def disagreed(self) -> int:
        """States of one sequence that were not the same, and tops that differed for too long."""
        return sum(pair.unequal + pair.lasting for pair in self.pairs.values())

    def differences(self, now_ns: int) -> Iterator[SymbolDifference]:
        for (_, symbol), pair in self.pairs.items():
            stood_ns = max(0, now_ns - pair.since_ns)
            equal_ns = pair.equal_ns + (stood_ns if pair.equal else 0)
            both_ns = equal_ns + pair.different_ns + (stood_ns if pair.equal is False else 0)
            yield SymbolDifference(
                symbol,
                both_live_s=both_ns / 1e9,
                equal_share=equal_ns / both_ns if both_ns else None,
                largest_bps=pair.largest_bps,
                longest_ms=pair.longest_ns / 1e6,
                compared=pair.compared,
                unequal=pair.unequal,
            )

    def _relate(self, key: BookKey, pair: Pair, now_ns: int) -> None:
        native, ccxt = self._native(key), self._ccxt(key)
        ours, theirs = _live(native), _live(ccxt)
        if ours is None or theirs is None:
            pair.relate(None, now_ns)
            return
        equal = ours.bids(1) == theirs.bids(1) and ours.asks(1) == theirs.asks(1)
        pair.relate(equal, now_ns)
        if not equal:
            apart = max(_bps(ours.best_bid, theirs.best_bid), _bps(ours.best_ask, theirs.best_ask))
            pair.largest_bps = max(pair.largest_bps, apart)


def _live(book: BookSync | None) -> Book | None:
    """Nothing is decided on what is compared: its age does not matter here."""
    return book.held() if book is not None and book.state is BookState.LIVE else None


def _remember(states: deque[tuple[int, int, Tops]], book: BookSync) -> tuple[int, int, Tops] | None:
    """The state the book has reached, if it is LIVE, numbered and a new one."""
    held = _live(book)
    if held is None or not book.seq:
        return None
    if states and book.seq <= states[-1][0]:
        if book.seq == states[-1][0]:
            return None
        states.clear()  # the venue has begun to count anew
    state = (book.seq, book.recv_ns, (held.bids(LEVELS), held.asks(LEVELS)))
    states.append(state)
    return state


def _hold(pair: Pair, seq: int, tops: Tops, others: deque[tuple[int, int, Tops]]) -> None:
    """Against the other path's state of the same sequence, if it has had that."""
    for other, _, theirs in reversed(others):
        if other <= seq:
            if other == seq:
                pair.compared += 1
                pair.unequal += not all(_same(*sides) for sides in zip(tops, theirs, strict=True))
            return


def _same(ours: list[Level], theirs: list[Level]) -> bool:
    """As deep as both are: one path may keep fewer levels than the other."""
    depth = min(len(ours), len(theirs))
    return ours[:depth] == theirs[:depth] and bool(ours) is bool(theirs)


def _bps(ours: float, theirs: float) -> float:
    """inf and 0.0 stand for an empty side."""
    if ours == theirs:
        return 0.0
    low, high = min(ours, theirs), max(ours, theirs)
    return 1e4 if not low or high == float("inf") else (high - low) / low * 1e4
