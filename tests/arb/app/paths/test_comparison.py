"""Two books of one market side by side: what is the same, what is not, for how long, and who was first."""

from __future__ import annotations

import pytest

from arb.app.paths.comparison import LASTING_NS, Comparison
from arb.books import Books
from arb.domain import BookSnapshot, DataPath, Disconnected, Subscribed
from tests.arb.app.paths.world import CCXT, NATIVE, A, V

MS = 1_000_000
N, C = DataPath.NATIVE, DataPath.CCXT
KEY = (V, A)


class Both:
    """Native's and ccxt's book of one market, and what is made of them."""

    def __init__(self) -> None:
        self.books = {N: Books(), C: Books()}
        for path, feed in ((N, NATIVE), (C, CCXT)):
            self.books[path].add_venue(V, lambda _symbol: None)
            self.books[path].add(V, A, feed, 0)
            self.books[path].on_event(Subscribed(V, (A,), 0, 1))
        self.made = Comparison(self.books[N].get, self.books[C].get, [KEY], 0)

    def say(self, at_ms: float, path: DataPath, seq: int, bid: float = 100.0, ask: float = 101.0, qty: float = 1.0):
        at_ns = round(at_ms * MS)
        self.books[path].on_event(BookSnapshot(V, A, ((bid, qty),), ((ask, 1.0),), seq, 0, at_ns, 1))
        (self.made.on_native if path is N else self.made.on_ccxt)([KEY], at_ns)

    def lose(self, at_ms: float, path: DataPath):
        self.books[path].on_event(Disconnected(V, 1, (A,), "cut", round(at_ms * MS)))

    def found(self, at_ms: float):
        self.made.tick(round(at_ms * MS))
        (found,) = self.made.differences(round(at_ms * MS))
        return found


@pytest.mark.parametrize(
    ("said", "equal_share", "longest_ms", "largest_bps"),
    [
        pytest.param([(0, N, 1, 100.0), (0, C, 1, 100.0)], 1.0, 0, 0, id="always equal"),
        pytest.param([(0, N, 1, 100.0), (0, C, 1, 101.0 - 0.5)], 0.0, 1000, 50, id="never equal"),
        pytest.param(
            [(0, N, 1, 100.0), (0, C, 1, 100.0), (500, N, 2, 100.1), (600, C, 2, 100.1)], 0.9, 100, 10, id="one is late"
        ),
        pytest.param([(0, N, 1, 100.0)], None, 0, 0, id="one of them is not there"),
    ],
)
def test_tops_over_time(said, equal_share, longest_ms, largest_bps):
    both = Both()
    for at_ms, path, seq, bid in said:
        both.say(at_ms, path, seq, bid)
    found = both.found(1000)
    assert found.equal_share == (None if equal_share is None else pytest.approx(equal_share))
    assert found.longest_ms == pytest.approx(longest_ms)
    assert found.largest_bps == pytest.approx(largest_bps, rel=0.01)


def test_time_in_which_one_of_them_was_not_live_does_not_count():
    both = Both()
    both.say(0, N, 1)
    both.say(0, C, 1)
    both.lose(400, C)
    both.found(400)
    found = both.found(1000)
    assert (found.both_live_s, found.equal_share) == (pytest.approx(0.4), 1.0)


@pytest.mark.parametrize(
    ("said", "compared", "unequal"),
    [
        pytest.param([(0, N, 5, 1.0), (1, C, 5, 1.0)], 1, 0, id="native first, the same"),
        pytest.param([(0, C, 5, 1.0), (1, N, 5, 1.0)], 1, 0, id="ccxt first, the same"),
        pytest.param([(0, N, 5, 1.0), (1, C, 5, 1.5)], 1, 1, id="another quantity at one sequence"),
        pytest.param([(0, N, 5, 1.0), (1, N, 6, 2.0), (2, C, 5, 1.0)], 1, 0, id="held against what was, not what is"),
        pytest.param([(0, N, 5, 1.0), (1, N, 6, 2.0), (2, C, 5, 2.0)], 1, 1, id="and not the same as what was"),
        pytest.param([(0, N, 5, 1.0), (1, C, 6, 9.0)], 0, 0, id="of different sequences nothing can be said"),
        pytest.param([(0, N, 0, 1.0), (1, C, 0, 9.0)], 0, 0, id="nor of none"),
    ],
)
def test_states_of_one_sequence(said, compared, unequal):
    both = Both()
    for at_ms, path, seq, qty in said:
        both.say(at_ms, path, seq, qty=qty)
    found = both.found(10)
    assert (found.compared, found.unequal) == (compared, unequal)
    assert both.made.disagreed == unequal


def test_a_difference_that_lasts_is_told_once_for_as_long_as_it_stands():
    both = Both()
    both.say(0, N, 0, bid=100.0)
    both.say(0, C, 0, bid=100.5)
    both.made.tick(LASTING_NS - 1)
    assert both.made.disagreed == 0
    for later in range(3):
        both.made.tick(LASTING_NS + later)
    assert both.made.disagreed == 1
    both.say(6000, C, 0, bid=100.0)
    both.say(6001, C, 0, bid=100.5)
    both.made.tick(6001 * MS + LASTING_NS)
    assert both.made.disagreed == 2


@pytest.mark.parametrize(
    ("said", "leads_ms"),
    [
        pytest.param([(0, N, 5), (3, C, 5)], [3], id="native was first"),
        pytest.param([(0, C, 5), (4, N, 5)], [-4], id="ccxt was first"),
        pytest.param([(0, N, 5), (1, N, 7), (3, C, 6)], [2], id="native had more than that already"),
        pytest.param([(0, C, 5), (1, C, 6), (4, N, 7)], [-4, -3], id="native reaches both at once"),
        pytest.param([(0, C, 5)], [], id="native has not reached it"),
        pytest.param([(0, N, 9), (1, N, 2), (1, N, 2), (5, C, 2)], [4], id="a counter that begins anew"),
    ],
)
def test_who_was_first(said, leads_ms):
    both = Both()
    for at_ms, path, seq in said:
        both.say(at_ms, path, seq)
    assert [lead / MS for lead in both.made.leads_ns] == leads_ms
