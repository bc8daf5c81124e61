"""One override moves every base that ccxt keeps, and the main one to exactly where the override says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ccxt.async_support
import ccxt.pro
import pytest

from adapters.ccxt_names import ccxt_ids, has_stream
from adapters.ccxt_urls import HTTP, WS, rebase

MEXC = ("https://api.mexc.com", "wss://wbs-api.mexc.com/ws")
GATE = ("https://api.gateio.ws/api/v4", "wss://api.gateio.ws/ws/v4/")


def exchange(ccxt_id: str) -> Any:
    return getattr(ccxt.pro if has_stream(ccxt_id) else ccxt.async_support, ccxt_id)()


def leaves(tree: Any) -> Iterator[str]:
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    else:
        yield tree


def at(tree: Any, path: str) -> Any:
    for key in path.split("."):
        tree = tree[key]
    return tree


@pytest.mark.parametrize(
    ("ccxt_id", "override", "base", "path", "expected"),
    [
        pytest.param("mexc", "http://h:1/mexc", MEXC[0], "spot.public", "http://h:1/mexc", id="mexc: spot"),
        pytest.param("mexc", "http://h:1/mexc", "", "spot.public", "http://h:1/mexc", id="mexc: spot, base unknown"),
        pytest.param("mexc", "http://h:1/", MEXC[0], "spot.private", "http://h:1", id="no doubled slash"),
        pytest.param("mexc", "http://h:1/api/v3", "", "spot.public", "http://h:1", id="mexc: too much path"),
        pytest.param(
            "mexc", "http://h:1/mexc", MEXC[0], "contract.public", "http://h:1/mexc/api/v1/contract", id="contract"
        ),
        pytest.param(
            "mexc", "http://h:1/mexc", MEXC[0], "spot2.public", "http://h:1/mexc/open/api/v2", id="another host"
        ),
        pytest.param(
            "gate", "http://h:1/g/api/v4", GATE[0], "public.spot", "http://h:1/g/api/v4", id="gate: as its base"
        ),
        pytest.param(
            "gate", "http://h:1/g/api/v4", "", "private.wallet", "http://h:1/g/api/v4", id="gate: base unknown"
        ),
        pytest.param("gate", "http://h:1/g", GATE[0], "public.spot", "http://h:1/g", id="gate: to the letter"),
        pytest.param("binance", "http://h:1/api/v3", "", "public", "http://h:1/api/v3", id="binance: main"),
        pytest.param("binance", "http://h:1/api/v3", "", "sapi", "http://h:1/sapi/v1", id="binance: another"),
        pytest.param("binance", "http://h:1", "", "public", "http://h:1/api/v3", id="binance: host alone"),
        pytest.param("bybit", "http://h:1/x", "", "public", "http://h:1/x", id="bybit: a template for the host"),
        pytest.param("okx", "http://h:1", "", "rest", "http://h:1", id="okx: nothing but a template"),
    ],
)
def test_rest(ccxt_id: str, override: str, base: str, path: str, expected: str) -> None:
    assert at(rebase(exchange(ccxt_id).urls, HTTP, override, base)["api"], path) == expected


@pytest.mark.parametrize(
    ("ccxt_id", "override", "base", "path", "expected"),
    [
        pytest.param("mexc", "ws://h:1/mexc/ws", MEXC[1], "ws.spot", "ws://h:1/mexc/ws", id="mexc: spot"),
        pytest.param("mexc", "ws://h:1/mexc/ws", "", "ws.spot", "ws://h:1/mexc/ws", id="mexc: spot, base unknown"),
        pytest.param("mexc", "ws://h:1/x", MEXC[1], "ws.spot", "ws://h:1/x", id="mexc: to the letter"),
        pytest.param("mexc", "ws://h:1/mexc/ws", MEXC[1], "ws.swap", "ws://h:1/mexc/edge", id="mexc: swap"),
        pytest.param("gate", "ws://h:1/g/ws/v4/", GATE[1], "spot", "ws://h:1/g/ws/v4/", id="gate: slash kept"),
        pytest.param("gate", "ws://h:1/g/ws/v4", GATE[1], "spot", "ws://h:1/g/ws/v4", id="gate: no slash added"),
        pytest.param("gate", "ws://h:1/g/ws/v4/", "", "spot", "ws://h:1/g/ws/v4/", id="gate: base unknown"),
        pytest.param("gate", "ws://h:1/g/ws/v4/", GATE[1], "swap.usdt", "ws://h:1/g/v4/ws/usdt", id="gate: swap"),
        pytest.param("bybit", "ws://h:1", "", "ws.public.spot", "ws://h:1/v5/public/spot", id="bybit: host alone"),
        pytest.param("okx", "ws://h:1/x/ws/v5", "", "ws", "ws://h:1/x/ws/v5", id="okx"),
        pytest.param("kraken", "ws://h:1", "", "ws.publicV2", "ws://h:1/v2", id="kraken"),
    ],
)
def test_sockets(ccxt_id: str, override: str, base: str, path: str, expected: str) -> None:
    assert at(rebase(exchange(ccxt_id).urls, WS, override, base)["api"], path) == expected


def test_the_other_kind_of_url_is_left_alone() -> None:
    urls = exchange("gate").urls
    assert rebase(urls, HTTP, "http://h:1")["api"]["spot"] == urls["api"]["spot"]
    assert rebase(urls, WS, "ws://h:1")["api"]["public"] == urls["api"]["public"]
    assert urls["api"]["public"]["spot"] == GATE[0]  # and the original as well


@pytest.mark.parametrize("ccxt_id", ccxt_ids())
def test_no_exchange_keeps_a_base_elsewhere(ccxt_id: str) -> None:
    urls = rebase(rebase(exchange(ccxt_id).urls, HTTP, "http://127.0.0.1:1/x"), WS, "ws://127.0.0.1:1/x")
    kept = [url for url in leaves(urls["api"]) if "://127.0.0.1:1/x" not in url or "{hostname}" in url]
    assert kept == []
