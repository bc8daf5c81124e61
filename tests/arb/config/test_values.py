"""The words that files and command lines share."""

from __future__ import annotations

import pytest

from arb.config import values


@pytest.mark.parametrize(
    ("symbol", "patterns", "covered"),
    [
        ("BTC/USDT", ["BTC/USDT"], True),
        ("BTC/USDT", ["*/USDT"], True),
        ("BTC/USDT", ["*/USDC", "BTC/*"], True),
        ("BTC/USDT", ["*/BTC"], False),
        ("ABTC/USDT", ["BTC/USDT"], False),
        ("kPEPE/USDT", ["KPEPE/USDT"], True),
        ("BTC/USDT", [], False),
    ],
)
def test_patterns(symbol: str, patterns: list[str], covered: bool) -> None:
    assert values.matches(symbol, patterns) is covered


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("https://api.mexc.com/api", "https://api.mexc.com/api"),
        ("https://me:pw@h/x", "https://****@h/x"),
        ("wss://h/x?a=1&token=t&b", "wss://h/x?a=****&token=****&b"),
    ],
)
def test_urls_are_shown_without_what_may_be_secret(text: str, masked: str) -> None:
    assert values.mask_url(text) == masked


def test_a_bad_url_is_told_without_its_password() -> None:
    with pytest.raises(ValueError, match="is not a URL") as caught:
        values.url("ftp://me:pw@h", ("http",))
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "target"), [("mexc:BTC/USDT", ("mexc", "BTC/USDT")), ("gate:btc/usdt", ("gate", "BTC/USDT"))]
)
def test_book_targets(text: str, target: tuple[str, str]) -> None:
    assert values.book_target(text) == target


def test_words_and_values_go_both_ways() -> None:
    for read, table in (
        (values.depth, values.DEPTHS),
        (values.trust, values.TRUSTS),
        (values.fee_coin, values.FEE_COINS),
    ):
        for word, value in table.items():
            assert read(word) is value
            assert read(value) is value
            assert values.word(value) == word
