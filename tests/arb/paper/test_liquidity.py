from __future__ import annotations

from decimal import Decimal as D

import pytest

from arb.book import Book
from arb.domain import Levels, Side, Symbol
from arb.paper.liquidity import Liquidity, levels

PAIR = Symbol("BTC/USDT")
STEP = D("0.1")


def book(*asks: tuple[float, float], bids: Levels = ()) -> Book:
    made = Book()
    made.replace(bids, asks)
    return made


def offers(liquidity: Liquidity, shown: Book, side: Side = Side.BUY) -> list[tuple[D, D]]:
    return list(liquidity.offers(shown, PAIR, side, STEP))


def test_each_level_gives_its_share_in_whole_steps_best_first() -> None:
    shown = book((101.0, 3.3), (100.0, 2.0), (102.0, 0.1), bids=((98.0, 1.0), (99.0, 5.0)))
    liquidity = Liquidity(D("0.5"))
    assert offers(liquidity, shown) == [(D(100), D(1)), (D(101), D("1.6"))]
    assert offers(liquidity, shown, Side.SELL) == [(D(99), D("2.5")), (D(98), D("0.5"))]


@pytest.mark.parametrize(
    ("later", "left"),
    [
        pytest.param(10.0, "2", id="the same level still lacks what was taken"),
        pytest.param(6.0, "0", id="one that shrank lacks it too"),
        pytest.param(8.0, "1", id="one that shrank a little gives a share of what is there, less what was taken"),
        pytest.param(11.0, "3.5", id="what was added makes up for what was taken"),
        pytest.param(14.0, "7", id="when as much was added as was taken it is forgotten"),
    ],
)
def test_a_level_is_never_taken_twice(later: float, left: str) -> None:
    liquidity = Liquidity(D("0.5"))
    liquidity.take(book((100.0, 10.0)), PAIR, Side.BUY, {D(100): D(3)})
    found = dict(offers(liquidity, book((100.0, later))))
    assert found.get(D(100), D(0)) == D(left)


def test_a_level_that_was_gone_and_is_back_is_new() -> None:
    liquidity = Liquidity(D("0.5"))
    liquidity.take(book((100.0, 10.0)), PAIR, Side.BUY, {D(100): D(5)})
    assert liquidity.remembered == {PAIR}
    liquidity.look(book((101.0, 1.0)), PAIR, Side.BUY)
    assert liquidity.remembered == set()
    assert offers(liquidity, book((100.0, 10.0))) == [(D(100), D(5))]


def test_what_shrinks_and_grows_again_has_been_refilled_by_the_growth_alone() -> None:
    liquidity = Liquidity(D("0.5"))
    liquidity.take(book((100.0, 10.0)), PAIR, Side.BUY, {D(100): D(5)})
    liquidity.look(book((100.0, 8.0)), PAIR, Side.BUY)
    assert offers(liquidity, book((100.0, 10.0))) == [(D(100), D(2))]


def test_the_sides_and_the_markets_are_remembered_apart() -> None:
    shown = book((100.0, 10.0), bids=((99.0, 10.0),))
    liquidity = Liquidity(D(1))
    liquidity.take(shown, PAIR, Side.BUY, {D(100): D(10)})
    assert offers(liquidity, shown) == []
    assert offers(liquidity, shown, Side.SELL) == [(D(99), D(10))]
    assert list(liquidity.offers(shown, Symbol("ETH/USDT"), Side.BUY, STEP)) == [(D(100), D(10))]


def test_nothing_taken_is_nothing_remembered() -> None:
    liquidity = Liquidity(D(1))
    liquidity.take(book((100.0, 10.0)), PAIR, Side.BUY, {})
    assert liquidity.remembered == set()


@pytest.mark.parametrize("count", [0, 19, 20, 21, 79, 80, 81, 200])
def test_all_levels_are_seen_each_once(count: int) -> None:
    shown = book(*((100.0 + n, 1.0) for n in range(count)))
    assert [price for price, _ in levels(shown, Side.BUY)] == [D(100 + n) for n in range(count)]
