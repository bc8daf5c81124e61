"""What the proof looks with sees what it is to see."""

from __future__ import annotations

import pytest

from arb.books import Books
from arb.clock import ManualClock
from arb.domain import BookSnapshot, Depth, Seed, Subscribed, Symbol, Trust, VenueId
from arb.interfaces import Feed, SyncRule
from tests.arb.cli.fakes import leg, opportunity
from tests.proof.swap.watching import Looking, Watched

MEXC, GATE = VenueId("mexc"), VenueId("gateio")
A, B = Symbol("BTC/USDT"), Symbol("ETH/USDT")
NATIVE = Feed("native", Depth.FIVE, 5, 10, SyncRule(Seed.NONE), Trust.WHOLE)
CCXT = Feed("ccxt", Depth.FIVE, 5, 0, SyncRule(Seed.NONE), Trust.UNCHECKED)


class Finds:
    """A Scans that finds what it is given."""

    def __init__(self, found: list) -> None:
        self.found = found

    def on_dirty(self, keys, now_ns):
        return self.found

    on_timer = finish = on_dirty


def looked(feeds: dict, *, live: bool = True, seq: int = 7, age_ns: int = 0) -> list[str]:
    books, clock, watched = Books(), ManualClock(10_000), Watched()
    for (venue, symbol), feed in feeds.items():
        books.add_venue(venue, lambda _symbol: None)
        books.add(venue, symbol, feed, 0)
        books.on_event(Subscribed(venue, (symbol,), 0, 1))
        if live:
            books.on_event(BookSnapshot(venue, symbol, ((1.0, 1.0),), ((2.0, 1.0),), 7, 0, 10_000 - age_ns, 1))
    found = [opportunity(buy=leg("mexc", seq=seq), sell=leg("gateio", seq=seq))]
    Looking(watched, Finds(found), books, clock, 1_000).on_dirty((), 10_000)
    return watched.wrong


BOTH = {(MEXC, A): NATIVE, (GATE, A): NATIVE}


@pytest.mark.parametrize(
    ("feeds", "more", "says"),
    [
        pytest.param(BOTH, {}, [], id="all is well"),
        pytest.param({**BOTH, (MEXC, B): NATIVE}, {}, [], id="two books of one path"),
        pytest.param({(MEXC, A): CCXT, (GATE, A): NATIVE}, {}, [], id="each venue has its own path"),
        pytest.param({**BOTH, (MEXC, B): CCXT}, {}, ["mexc is half swapped: ccxt, native"], id="half swapped"),
        pytest.param(BOTH, {"live": False}, ["that is not LIVE"] * 2, id="a book that is not LIVE"),
        pytest.param(BOTH, {"seq": 6}, ["that is not LIVE"] * 2, id="another book than the one that is there"),
        pytest.param(BOTH, {"age_ns": 2_000}, ["that is too old"] * 2, id="an old one"),
    ],
)  # fmt: skip
def test_a_decision_on_a_book_that_is_wrong_is_noticed(feeds, more, says):
    wrong = looked(feeds, **more)
    assert len(wrong) == len(says)
    assert all(text in told for text, told in zip(says, wrong, strict=True))
