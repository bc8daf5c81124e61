"""The benchmark of orders: three clients, one codec, one server, and answers that are looked at."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from arb.bench import order, order_lines
from arb.bench.order import _sample, _time
from arb.errors import ArbError
from arb.interfaces import Answer
from fastpath import gateio, mexc


async def test_one_run_prints_every_client_and_the_machine() -> None:
    report = await order([mexc, gateio], orders=30, rounds=2)
    assert [(r.venue, r.orders) for r in report.results] == [("mexc", 30), ("gateio", 30)]
    for result in report.results:
        native, *rivals = result.paths
        assert [path.name for path in result.paths] == ["native", "aiohttp", "httpx"]
        assert 0 < native.p50_us <= native.p99_us
        assert native.p50_range_us[0] <= native.p50_us <= native.p50_range_us[1]
        assert result.ratios == {path.name: round(path.p50_us / native.p50_us, 1) for path in rivals}
        assert result.reused > 0.95
    text = "\n".join(order_lines(report))
    assert "CPython" in text
    assert text.count("httpx takes") == 2


async def test_the_sample_is_what_the_simulated_venue_says() -> None:
    sample = await _sample(mexc)
    assert b'"orderId":"C02__' in sample.reply
    assert sample.reply.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_a_venue_without_orders_cannot_be_measured() -> None:
    module: Any = SimpleNamespace(SPEC=mexc.SPEC)
    with pytest.raises(ArbError, match="mexc has no private codec"):
        await _sample(module)


async def test_an_answer_without_an_update_is_no_answer() -> None:
    async def send(_order: object) -> Answer:
        await asyncio.sleep(0)
        return Answer()

    with pytest.raises(ArbError, match="without an update"):
        await _time(send, (await _sample(mexc)).order, 1)
