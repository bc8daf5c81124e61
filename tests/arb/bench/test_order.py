"""The benchmark of orders: three clients, one codec, one server, and answers that are looked at."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from arb.bench import order, order_lines
from arb.bench.order import _sample, _time
from arb.bench.order_socket import Parrot, Script
from arb.errors import ArbError
from arb.interfaces import Answer
from fastpath import gateio, mexc


async def test_one_run_prints_every_client_and_the_machine() -> None:
    report = await order([mexc, gateio], orders=30, rounds=2, ticked=0)
    assert [(r.venue, r.orders) for r in report.results] == [("mexc", 30), ("gateio", 30)]
    for result in report.results:
        native, *rivals = result.paths
        names = ["native", "aiohttp", "httpx", "ccxt"]
        if result.venue == "gateio":
            names += ["native, socket", "ccxt.pro, socket", "picows echo"]
        assert [path.name for path in result.paths] == names
        assert 0 < native.p50_us <= native.p99_us
        assert native.p50_range_us[0] <= native.p50_us <= native.p50_range_us[1]
        assert result.ratios == {path.name: round(path.p50_us / native.p50_us, 1) for path in rivals}
        assert result.reused > 0.95
    mexcs, gates = report.results
    assert mexcs.socket is None
    assert report.ratios == {"order-ws gateio": gates.socket}
    text = "\n".join(order_lines(report))
    assert "CPython" in text
    assert text.count("httpx takes") == 2
    assert text.count("order-ws gateio: ") == 1


async def test_the_sample_is_what_the_simulated_venue_says() -> None:
    sample = await _sample(mexc)
    assert b'"orderId":"C02__' in sample.reply
    assert sample.reply.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        pytest.param(b'{"channel":"spot.orders","payload":["!all"]}', [b'"success"'], id="a subscription"),
        pytest.param(b'{"channel": "spot.login","payload":{"req_id":"login"}}', [b'"login"'], id="a login"),
        pytest.param(b'{"channel":"spot.order_place","payload":{"req_id":"mine"}}', [b"ack mine", b"mine"], id="ours"),
        pytest.param(
            b'{"channel":"spot.order_place","payload":{"req_id":"7"}}', [b"ack 7", b"7"], id="an order of another name"
        ),
        pytest.param(b"{}", [], id="nothing that is known"),
    ],
)
def test_the_bare_server_answers_each_request_by_its_own_id(said: bytes, answered: list[bytes]) -> None:
    wire = Wire()
    parrot = Parrot(Script(b"mine", b'"mine"', b"", (b"ack mine", b"mine")))
    parrot.connection_made(wire)
    parrot.data_received(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
    assert wire.written == b""
    parrot.data_received(b"\r\n")
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in wire.written
    wire.written = b""
    frame = masked(said)
    parrot.data_received(frame[:9])
    assert wire.written == b""
    parrot.data_received(frame[9:])
    assert len(answered) == wire.written.count(b"\x81")
    assert all(part in wire.written for part in answered)


class Wire(asyncio.Transport):
    written = b""

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.written += data


def masked(text: bytes) -> bytes:
    """A client's text frame of less than 126 bytes."""
    mask = b"\x01\x02\x03\x04"
    return bytes((0x81, 0x80 | len(text))) + mask + bytes(each ^ mask[n % 4] for n, each in enumerate(text))


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
