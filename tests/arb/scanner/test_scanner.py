"""Which pairs are decided on, when, and what stands in their way."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arb.domain import Coin, OppEvent, Reason, Symbol, Trust
from tests.arb.scanner.world import (
    FEED,
    MS,
    SYMBOL,
    A,
    B,
    C,
    World,
    fee,
    market,
    network,
    statics,
)

pytestmark = pytest.mark.usefixtures("form")

OTHER = Symbol("BBB/USDT")


def test_a_gap_is_found_with_its_figures():
    (found,) = World().gap(bid=103.0, ask=100.0, qty=2.0)
    assert found.event is OppEvent.OPEN
    assert found.reason is Reason.OK
    assert (found.buy.venue, found.sell.venue) == (A, B)
    assert (found.size, found.sell_size) == (Decimal("2.0"), Decimal("2.0"))
    assert found.profit == Decimal("206") * Decimal("0.999") - Decimal("200") * Decimal("1.001")
    assert (found.buy.limit, found.sell.limit) == (Decimal(100), Decimal(103))
    assert found.breakeven_size is None


def test_both_directions_are_looked_at():
    world = World()
    world.hear(A, 103.0, 104.0)
    world.hear(B, 99.0, 100.0)
    (found,) = world.decide()
    assert (found.buy.venue, found.sell.venue) == (B, A)
    assert world.reason(A, B) == "NO_GROSS_EDGE"


def test_every_two_venues_are_a_pair_of_two_directions_and_other_symbols_are_not():
    world = World(venues=(A, B, C), symbols=(SYMBOL, OTHER))
    assert world.scanner.funnel.rows()[0][1:] == (12, 12)
    world.hear(A, 99.0, 100.0)
    world.hear(B, 109.0, 110.0)
    world.hear(C, 119.0, 120.0, symbol=OTHER)
    assert [(e.symbol, e.buy.venue, e.sell.venue) for e in world.decide()] == [(SYMBOL, A, B)]


def test_followed_books_without_a_market_are_left_out():
    world = World(statics((A,)), venues=(A, B))
    assert world.scanner.funnel.rows()[0][1:] == (0, 0)


def test_events_come_in_the_order_of_the_changed_books():
    world = World(symbols=(SYMBOL, OTHER))
    for symbol in (OTHER, SYMBOL):
        world.hear(A, 99.0, 100.0, symbol=symbol)
        world.hear(B, 109.0, 110.0, symbol=symbol)
    assert [(e.id, e.symbol) for e in world.decide()] == [("x000001", OTHER), ("x000002", SYMBOL)]


def test_a_pair_is_decided_on_once_though_both_its_books_changed():
    world = World(show_rejected=True)
    world.gap()
    asked = []
    book = world.books.get((A, SYMBOL))
    world.scanner._couples[0].first = Spy(book, asked)
    world.scanner.on_dirty([book, world.books.get((B, SYMBOL))], world.now_ns)
    assert asked == ["live"]


class Spy:
    def __init__(self, book, asked):
        self._book = book
        self._asked = asked

    def __getattr__(self, name):
        return getattr(self._book, name)

    def live(self, now_ns, max_age_ns):
        self._asked.append("live")
        return self._book.live(now_ns, max_age_ns)


def one_closed(**changes):
    return replace(statics(), **changes)


@pytest.mark.parametrize(
    ("known", "settings", "reason"),
    [
        pytest.param(
            one_closed(markets=(market(A, buyable=False), market(B))), {}, "NOT_TRADABLE", id="closed to the API"
        ),
        pytest.param(
            one_closed(
                networks=(network(A, contract="0x1"), network(B, contract="0x2")),
                markets=(market(A), market(B, contract="")),
            ),
            {},
            "IDENTITY_MISMATCH",
            id="other contracts",
        ),
        pytest.param(statics(), {"different": frozenset({"AAA"})}, "IDENTITY_MISMATCH", id="pinned as different"),
        pytest.param(statics(), {"max_price_ratio": 1.02}, "PRICE_RATIO", id="prices too far apart"),
        pytest.param(
            one_closed(networks=(network(A, withdraw=False), network(B))), {}, "NO_COMMON_NETWORK", id="no way over"
        ),
        pytest.param(
            one_closed(networks=()), {"may_be_unknown": frozenset()}, "TRANSFER_UNKNOWN", id="no networks told"
        ),
        pytest.param(
            one_closed(markets=(market(A, contract=""), market(B)), networks=()),
            {"may_be_unknown": frozenset({"transfer"})},
            "IDENTITY_UNKNOWN",
            id="no contract told",
        ),
    ],
)
def test_statically_refused_gaps_are_episodes_with_their_reason(known, settings, reason):
    world = World(known, **settings)
    (found,) = world.gap()
    assert (found.event, found.reason.name) == (OppEvent.OPEN, reason)
    assert found.net_bps is not None
    assert world.reason() == reason


def test_unknown_is_never_ok():
    (found,) = World(replace(statics(), networks=())).gap()
    assert found.reason is Reason.UNKNOWN
    assert found.net_bps > 0


@pytest.mark.parametrize(
    ("changes", "prices", "reason"),
    [
        pytest.param({}, (100.0, 100.0), "NO_GROSS_EDGE", id="touches meet"),
        pytest.param({}, (100.15, 100.0), "NO_NET_EDGE", id="fees eat it"),
        pytest.param({"min_edge_bps": Decimal(300)}, (103.0, 100.0), "BELOW_MIN_EDGE", id="less than asked for"),
        pytest.param({"sizes": {Coin("BTC"): Decimal(1)}}, (103.0, 100.0), "NO_SIZE", id="no size for this quote"),
        pytest.param({"sizes": {Coin("USDT"): Decimal(9)}}, (103.0, 100.0), "BELOW_MINIMUM", id="size below a step"),
    ],
)
def test_gaps_that_are_not_worth_it_are_no_episodes(changes, prices, reason):
    world = World(**changes)
    assert world.gap(*prices) == []
    assert world.reason() == reason


def test_without_a_fee_there_is_nothing_to_say():
    world = World(replace(statics(), fees=(fee(A),)))
    assert world.reason() == "BOOK_SYNCING"
    assert world.gap() == []
    assert world.reason() == world.reason(B, A) == "NO_FEE"


@pytest.mark.parametrize(
    ("asked", "found"),
    [pytest.param("279.4206", 1, id="exactly what is asked for"), pytest.param("279.4207", 0, id="a shade less")],
)
def test_the_edge_asked_for_is_compared_as_reported(asked, found):
    # 1e4 * (103 * 0.999 - 100 * 1.001) / 100.1 = 279.42057...
    assert len(World(min_edge_bps=Decimal(asked)).gap()) == found


# ------------------------------------------------------------------------------------------- fresh books


def stale(world):
    world.wait(1001)
    world.hear(B, 103.0, 104.0)


def skewed(world):
    world.wait(401)
    world.hear(B, 103.0, 104.0)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        pytest.param(lambda w: w.lose(A), "BOOK_DOWN", id="its stream is lost"),
        pytest.param(lambda w: w.hear(A, 100.0, 100.0), "BOOK_CROSSED", id="crossed"),
        pytest.param(lambda w: w.books.distrust((A, SYMBOL), w.now_ns), "BOOK_GAP", id="distrusted"),
        pytest.param(stale, "BOOK_STALE", id="too old when the other side is heard"),
        pytest.param(skewed, "SKEW", id="both young enough, but not of one moment"),
    ],
)
def test_a_book_that_cannot_be_trusted_closes_the_gap_at_once(happens, reason):
    world = World()
    world.gap()
    happens(world)
    (closed,) = world.decide()
    assert (closed.event, closed.reason.name) == (OppEvent.CLOSE, reason)
    assert world.reason() == reason


@pytest.mark.parametrize(
    ("age_ms", "settings"),
    [
        pytest.param(1000, {"max_skew_ns": 5000 * MS}, id="age"),
        pytest.param(400, {}, id="skew"),
    ],
)
def test_age_and_skew_are_allowed_up_to_their_bounds(age_ms, settings):
    world = World(**settings)
    world.hear(A, 99.0, 100.0)
    world.wait(age_ms)
    world.hear(B, 103.0, 104.0)
    assert [e.event for e in world.decide()] == [OppEvent.OPEN]
    assert world.timer() == []


@pytest.mark.parametrize("better", [A, B])
@pytest.mark.parametrize(
    ("trust", "reason"),
    [
        pytest.param(Trust.CHAINED, "LOW_TRUST", id="one side below the policy's"),
        pytest.param(Trust.WHOLE, "", id="both as the policy asks"),
    ],
)
def test_trust(better, trust, reason):
    world = World(min_trust=trust, feeds={better: replace(FEED, trust=Trust.CHAINED)})
    world.gap()
    assert world.reason() == reason


def test_a_book_that_does_not_exist_yet_is_syncing():
    world = World()
    world.hear(A, 99.0, 100.0)
    assert world.decide() == []
    assert world.reason() == world.reason(B, A) == "BOOK_SYNCING"


def test_of_two_bad_books_the_buyers_is_named_first():
    world = World()
    world.gap()
    world.lose(A)
    world.books.distrust((B, SYMBOL), world.now_ns)
    world.decide()
    assert (world.reason(A, B), world.reason(B, A)) == ("BOOK_DOWN", "BOOK_GAP")


def test_a_bad_state_is_named_before_the_others_age():
    world = World()
    world.gap()
    world.wait(2000)
    world.lose(B)
    world.decide()
    assert world.reason(A, B) == world.reason(B, A) == "BOOK_DOWN"


# ------------------------------------------------------------------------------------------- the timer


def test_silence_closes_a_gap_without_any_frame():
    world = World()
    (opened,) = world.gap()
    world.wait(1000)
    assert world.timer() == []
    world.wait(1)
    (closed,) = world.timer()
    assert (closed.id, closed.event, closed.reason) == (opened.id, OppEvent.CLOSE, Reason.BOOK_STALE)
    assert closed.life_ns == 1001 * MS
    assert world.timer() == []


def test_a_confirmed_book_counts_again_though_it_did_not_change():
    world = World()
    world.gap()
    world.wait(1001)
    world.timer()
    for venue in (A, B):
        book = world.books.get((venue, SYMBOL))
        book.confirm(book.seq, world.now_ns)
    assert [e.event for e in world.timer()] == [OppEvent.OPEN]


def test_the_timer_looks_at_a_few_pairs_each_time_and_at_all_in_turn():
    symbols = tuple(Symbol(f"A{i}/USDT") for i in range(3))
    world = World(symbols=symbols, sweep=2)
    for symbol in symbols:
        world.hear(A, 99.0, 100.0, symbol=symbol)
        world.hear(B, 99.0, 100.0, symbol=symbol)
    world.decide()
    world.wait(1001)
    world.timer()
    assert dict(world.scanner.funnel.reasons()) == {Reason.BOOK_STALE: 4, Reason.NO_GROSS_EDGE: 2}
    world.timer()
    assert dict(world.scanner.funnel.reasons()) == {Reason.BOOK_STALE: 6}


def test_the_timer_does_not_price_an_open_gap_again():
    world = World()
    world.gap()
    asked = []
    world.scanner._couples[0].first = Spy(world.books.get((A, SYMBOL)), asked)
    world.timer()
    assert asked == []


def test_a_timer_without_pairs_has_nothing_to_do():
    world = World(venues=(A,))
    assert world.timer() == []
    assert world.scanner.finish(world.now_ns) == []


# ------------------------------------------------------------------------------------------- quarantine


def test_prices_too_far_apart_quarantine_a_pair_until_they_have_been_back_for_long_enough():
    world = World(max_price_ratio=1.5, max_age_ns=100_000 * MS)
    world.gap(bid=151.0, ask=100.0)
    assert world.reason(A, B) == world.reason(B, A) == "PRICE_RATIO"
    world.gap(bid=103.0, ask=100.0)
    assert world.reason(A, B) == "PRICE_RATIO"
    world.wait(4999)
    world.gap(bid=103.0, ask=100.0)
    assert world.reason(A, B) == "PRICE_RATIO"
    world.wait(1)
    (event,) = world.gap(bid=103.0, ask=100.0)
    assert (event.event, event.reason) == (OppEvent.UPDATE, Reason.OK)
    assert world.reason(B, A) == "NO_GROSS_EDGE"


def test_a_relapse_starts_the_wait_again():
    world = World(max_price_ratio=1.5, max_age_ns=100_000 * MS)
    for wait, bid in ((0, 151.0), (0, 103.0), (3000, 151.0), (100, 103.0), (4999, 103.0)):
        world.wait(wait)
        world.gap(bid=bid, ask=100.0)
    assert world.reason() == "PRICE_RATIO"


def test_time_without_trusted_books_is_no_time_back_inside():
    world = World(max_price_ratio=1.5, max_age_ns=100_000 * MS)
    for bid in (151.0, 103.0):
        world.gap(bid=bid, ask=100.0)
    world.wait(3000)
    world.lose(B)
    world.decide()
    world.wait(3000)
    world.gap()
    assert world.reason() == "PRICE_RATIO"


@pytest.mark.parametrize(
    ("bid", "ask"),
    [
        pytest.param(0.0, 100.0, id="nobody buys"),
        pytest.param(99.0, 0.0, id="nobody sells"),
        pytest.param(99.0, 900.0, id="a wide book"),
    ],
)
def test_a_book_that_says_little_of_the_price_quarantines_nothing(bid, ask):
    world = World(max_price_ratio=1.01)
    world.hear(A, bid, ask)
    world.hear(B, 99.0, 100.0)
    world.decide()
    assert world.reason(A, B) == world.reason(B, A) == "NO_GROSS_EDGE"


@pytest.mark.parametrize(
    ("bid", "reason"),
    [pytest.param(150.0, "", id="the ratio allowed"), pytest.param(150.01, "PRICE_RATIO", id="beyond it")],
)
def test_the_ratio_is_allowed_up_to_its_bound(bid, reason):
    world = World(max_price_ratio=1.5)
    world.gap(bid=bid, ask=100.0)
    assert world.reason() == reason


def test_a_coin_the_user_vouches_for_is_not_quarantined():
    world = World(same=frozenset({"AAA"}), max_price_ratio=1.01)
    (found,) = world.gap()
    assert found.reason is Reason.OK


# ------------------------------------------------------------------------------------------- static facts change


def test_refresh_changes_the_answers_with_the_next_look():
    world = World()
    world.gap()
    world.scanner.refresh([replace(statics(), networks=(network(A, withdraw=False), network(B)))])
    (event,) = world.gap()
    assert (event.event, event.reason) == (OppEvent.UPDATE, Reason.NO_COMMON_NETWORK)


def test_refresh_reaches_pairs_that_nothing_happens_to():
    world = World()
    world.gap(bid=100.0, ask=100.0)
    world.scanner.refresh([replace(statics(), fees=())])
    world.gap(bid=100.0, ask=100.0)
    assert world.reason() == "NO_FEE"


def test_refresh_closes_a_market_that_is_gone():
    world = World()
    world.gap()
    world.scanner.refresh([statics((A,))])
    (event,) = world.gap()
    assert event.reason is Reason.NOT_TRADABLE
    assert "no longer listed" in event.checks[0].why


def test_refresh_with_the_same_facts_changes_nothing():
    world = World()
    world.gap()
    world.scanner.refresh([statics()])
    assert world.gap() == []


# ------------------------------------------------------------------------------------------- what it shows


def test_funnel_and_rejections():
    world = World(symbols=(SYMBOL, OTHER))
    world.gap()
    assert [(now, ever) for _, now, ever in world.scanner.funnel.rows()] == [
        (4, 4), (4, 4), (4, 4), (4, 4), (2, 2), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1),
    ]  # fmt: skip
    world.gap(bid=100.0)
    assert [(now, ever) for _, now, ever in world.scanner.funnel.rows()][4:] == [
        (2, 2),
        (0, 1),
        (0, 1),
        (0, 1),
        (0, 1),
        (0, 1),
    ]
    assert sorted(world.scanner.rejections()) == [
        (SYMBOL, A, B, Reason.NO_GROSS_EDGE),
        (SYMBOL, B, A, Reason.NO_GROSS_EDGE),
        (OTHER, A, B, Reason.BOOK_SYNCING),
        (OTHER, B, A, Reason.BOOK_SYNCING),
    ]


def test_open_tells_the_last_event_of_each():
    world = World()
    world.gap()
    (updated,) = world.gap(bid=104.0)
    assert world.scanner.open() == [updated]
    world.gap(bid=100.0)
    assert world.scanner.open() == []


def test_finish_closes_every_gap():
    world = World(symbols=(SYMBOL, OTHER))
    world.gap()
    world.wait(50)
    (closed,) = world.scanner.finish(world.now_ns)
    assert (closed.event, closed.reason, closed.life_ns) == (OppEvent.CLOSE, Reason.OK, 50 * MS)
    assert world.scanner.finish(world.now_ns) == []
