from decimal import Decimal

import pytest

from arb.domain import BookState, Coin
from arb.sync import BookSync
from arb.valuing import Valuer, mid
from tests.plans import book_of

AGE_NS = 1_000


def worth(coin: str, *books: BookSync, now_ns: int = 0) -> Decimal | None:
    return Valuer(list(books), Coin("USDT"), AGE_NS).price(Coin(coin), now_ns)


def lost(book: BookSync) -> BookSync:
    book.on_lost(1, 0)
    assert book.state is BookState.DOWN
    return book


@pytest.mark.parametrize(
    ("coin", "books", "expected"),
    [
        pytest.param("USDT", [], "1", id="the currency itself is one, without any book"),
        pytest.param("ABC", [book_of("a", "ABC/USDT", 9, 11)], "10", id="one book: its mid"),
        pytest.param(
            "ABC",
            [book_of("a", "ABC/USDT", 9, 11), book_of("b", "ABC/USDT", 19, 21), book_of("c", "ABC/USDT", 11, 13)],
            "12",
            id="several venues: the median, which one wrong book cannot move",
        ),
        pytest.param("EUR", [book_of("a", "USDT/EUR", 0.75, 1.25)], "1", id="a pair the other way round is turned"),
        pytest.param(
            "ABC",
            [book_of("a", "ABC/BTC", 0.5, 1.5), book_of("b", "BTC/USDT", 90, 110)],
            "100",
            id="over one other coin, at other venues",
        ),
        pytest.param(
            "ABC",
            [book_of("a", "ABC/USDT", 9, 11), book_of("a", "ABC/BTC", 1, 3), book_of("b", "BTC/USDT", 90, 110)],
            "10",
            id="straight goes before around",
        ),
        pytest.param(
            "ABC",
            [book_of("a", "ABC/ETH", 1, 3), book_of("a", "ETH/BTC", 1, 3), book_of("a", "BTC/USDT", 9, 11)],
            None,
            id="never over two other coins",
        ),
        pytest.param("ABC", [book_of("a", "XYZ/USDT", 9, 11)], None, id="no book names it: no price"),
        pytest.param("ABC", [book_of("a", "ABC/USDT", 9, 0)], None, id="one side alone is no price"),
        pytest.param("ABC", [lost(book_of("a", "ABC/USDT", 9, 11))], None, id="a lost stream is no price"),
        pytest.param(
            "ABC",
            [lost(book_of("a", "ABC/USDT", 19, 21)), book_of("b", "ABC/USDT", 9, 11)],
            "10",
            id="a lost stream has no voice in the median",
        ),
    ],
)
def test_price(coin: str, books: list[BookSync], expected: str | None) -> None:
    assert worth(coin, *books) == (None if expected is None else Decimal(expected))


def test_what_a_book_has_told_is_forgotten_when_it_grows_old() -> None:
    valuer = Valuer([book_of("a", "ABC/USDT", 9, 11)], Coin("USDT"), AGE_NS)
    assert valuer.price(Coin("ABC"), AGE_NS) == 10
    assert valuer.price(Coin("ABC"), AGE_NS + 1) is None


def test_books_that_are_added_later_are_seen() -> None:
    books: list[BookSync] = []
    valuer = Valuer(books, Coin("USDT"), AGE_NS)
    assert valuer.price(Coin("ABC"), 0) is None
    books.append(book_of("a", "ABC/USDT", 9, 11))
    assert valuer.price(Coin("ABC"), 0) == 10


def test_a_mid_is_exact() -> None:
    assert mid(book_of("a", "ABC/USDT", 0.1, 0.3), 0, AGE_NS) == Decimal("0.2")
