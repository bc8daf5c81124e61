"""Books of many symbols over few clients, asked for afresh without a storm, and the venue's own word on them."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from adapters.ccxt_market_data import CALM_NS, RESYNC_S
from arb.domain import BookSnapshot, BreakerState, Event, Part, Symbol
from arb.errors import ProtocolError, Rejected, Transient
from arb.supervise import CAP_S
from tests.adapters.ccxt_fakes import A, B, Desk, Heard, V, book, turns


async def test_books_of_all_symbols_arrive() -> None:
    desk = Desk()
    async with desk.running(A, B, A):
        desk.clients[0].push(A, book(1))
        desk.clients[0].push(B, book(5))
        await turns()
        desk.clients[0].push(A, book(2))
        await turns()
    assert [(snap.symbol, snap.seq, snap.conn) for snap in desk.heard.books()] == [(A, 1, 1), (B, 5, 2), (A, 2, 1)]
    assert desk.heard.kinds(B) == ["Subscribed", "BookSnapshot"]
    assert len(desk.clients.made) == 1
    assert desk.errors == []
    assert desk.counters == {}


@pytest.mark.parametrize(
    ("count", "per_client", "sizes"),
    [
        pytest.param(5, 2, [2, 2, 1], id="as few clients as hold them all"),
        pytest.param(4, 3, [2, 2], id="equally full"),
        pytest.param(3, 3, [3], id="exactly one"),
    ],
)
async def test_symbols_are_spread_over_clients(count: int, per_client: int, sizes: list[int]) -> None:
    desk = Desk(per_client=per_client)
    async with desk.running(*(Symbol(f"{n}/USDT") for n in range(count))):
        pass
    watched = [[call[1] for call in client.exchange.calls] for client in desk.clients.made]
    assert [len(symbols) for symbols in watched] == sizes
    assert len({symbol for symbols in watched for symbol in symbols}) == count


# ---------------------------------------------------------------------------------------------- resync


async def test_after_a_resync_no_old_book_is_passed_on() -> None:
    desk = Desk()
    async with desk.running(A, B):
        for symbol in (A, B):
            desk.clients[0].push(symbol, book(1))
        await turns()
        desk.clients[0].push(A, book(2))  # on its way
        desk.data.resync(A)
        await turns()
        desk.clients[0].push(A, book(3))
        desk.clients[0].push(B, book(2))
        desk.clients[1].push(A, book(1))
        await turns()
        assert desk.clients.made[0].closed == 0
    assert [snap.seq for snap in desk.heard.books(B)] == [1, 2]
    assert [snap.seq for snap in desk.heard.books(A)] == [1, 0]  # 0: the sequence is not ahead of what it was
    assert desk.losses() == []
    assert desk.sleeps.asked[1] == RESYNC_S
    assert desk.counters["resyncs"] == 1


async def test_a_resync_of_a_symbol_that_is_alone_replaces_its_client() -> None:
    desk = Desk()
    async with desk.running(A):
        desk.clients[0].push(A, book(1))
        await turns()
        desk.clients[0].push(A, book(2))
        desk.data.resync(A)
        await turns()
        assert [client.closed for client in desk.clients.made] == [1, 0]
        desk.clients[1].push(A, book(3))
        await turns()
    assert [snap.seq for snap in desk.heard.books()] == [1, 3]


@pytest.mark.parametrize(
    ("pauses_ns", "waits"),
    [
        pytest.param([0, 0, 0], [1.0, 2.0, 4.0], id="one after the other waits ever longer"),
        pytest.param([0, CALM_NS, 0], [1.0, 1.0, 2.0], id="after a calm time it begins anew"),
        pytest.param([0] * 8, [1.0, 2.0, 4.0, 8.0, 16.0, CAP_S, CAP_S, CAP_S], id="never longer than the supervisor"),
    ],
)
async def test_resyncs_do_not_storm(pauses_ns: list[int], waits: list[float]) -> None:
    desk = Desk()
    asked = []
    async with desk.running(A, B):
        for number, pause_ns in enumerate(pauses_ns):
            desk.clock.advance(pause_ns)
            before = len(desk.sleeps.asked)
            desk.data.resync(A)
            await turns(30)
            asked += [seconds for seconds in desk.sleeps.asked[before:] if seconds >= 1.0]
            desk.clients[number + 1].push(A, book(1))
            await turns()
    assert asked == waits


async def test_a_resync_of_what_nobody_follows_is_nothing() -> None:
    desk = Desk()
    desk.data.resync(A)
    async with desk.running(B):
        desk.data.resync(A)
    desk.data.resync(B)
    assert desk.counters["resyncs"] == 0


async def test_a_resync_from_within_an_event_does_not_turn_round() -> None:
    desk = Desk()

    class Doubting(Heard):
        def on_event(self, event: Event) -> None:
            super().on_event(event)
            if isinstance(event, BookSnapshot) and event.seq == 2:
                before = len(self.events)
                desk.data.resync(event.symbol)
                assert len(self.events) == before

    desk.heard = Doubting()
    async with desk.running(A, B):
        desk.clients[0].push(A, book(2))
        await turns()
        desk.clients[1].push(A, book(3))
        await turns()
    assert [snap.seq for snap in desk.heard.books(A)] == [2, 3]


# ---------------------------------------------------------------------------------------------- REST


async def test_the_rest_book() -> None:
    desk = Desk()
    desk.rest.push(A, book(7, timestamp=5))
    snapshot = await desk.data.fetch_book(A, 20)
    assert snapshot == BookSnapshot(V, A, ((1.0, 2.0),), ((1.5, 3.0),), 7, 5_000_000, 1, 0)
    assert desk.rest.calls == [("fetch_order_book", A, 20)]
    assert desk.rest.markets == {}  # it was told what we know, so that it asks for no list


async def test_the_rest_books_limit_is_learnt_once() -> None:
    desk = Desk()
    desk.rest.push(A, ccxt.ExchangeError("fetchOrderBook() limit argument must be 50 or 100"))
    for number in (1, 2):
        desk.rest.push(A, book(number))
        await desk.data.fetch_book(A, 20)
    assert [call[2] for call in desk.rest.calls] == [20, 50, 50]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        pytest.param([ccxt.RequestTimeout("x")], Transient, id="no answer"),
        pytest.param([ccxt.BadSymbol("x")] * 2, Rejected, id="no such market"),
        pytest.param([{"bids": "?"}], ProtocolError, id="no book"),
    ],
)
async def test_a_rest_book_that_does_not_come(answers: list[Any], kind: type[Exception]) -> None:
    desk = Desk()
    for answer in answers:
        desk.rest.push(A, answer)
    with pytest.raises(kind):
        await desk.data.fetch_book(A, 20)


async def test_a_venue_whose_rest_book_never_comes_is_left_alone_for_a_while() -> None:
    desk = Desk()
    for _ in range(5):
        desk.rest.push(A, ccxt.RequestTimeout("x"))
        with pytest.raises(Transient):
            await desk.data.fetch_book(A, 20)
    asked = len(desk.rest.calls)
    with pytest.raises(Transient, match="failed too often"):
        await desk.data.fetch_book(A, 20)
    assert len(desk.rest.calls) == asked
    assert desk.breakers.state(V, Part.PUBLIC) is BreakerState.OPEN
    desk.clock.advance(2_000_000_000)
    desk.rest.push(A, book(7))
    await desk.data.fetch_book(A, 20)
    assert desk.breakers.state(V, Part.PUBLIC) is BreakerState.CLOSED


async def test_streams_that_are_lost_again_and_again_open_the_breaker_and_a_book_closes_it() -> None:
    desk = Desk()
    async with desk.running(A):
        for number in range(5):
            desk.clients[number].push(A, ccxt.NetworkError("no snapshot"))
            await turns()
        lost = desk.breakers.state(V, Part.STREAM)
        desk.clients[5].push(A, book(1))
        await turns()
        back = desk.breakers.state(V, Part.STREAM)
    assert lost in (BreakerState.OPEN, BreakerState.HALF_OPEN)
    assert back is BreakerState.CLOSED


# ---------------------------------------------------------------------------------------------- restart


async def test_after_a_restart_nothing_of_the_old_clients_is_passed_on() -> None:
    desk = Desk(per_client=1)
    async with desk.running(A, B):
        for number, symbol in enumerate((A, B)):
            desk.clients[number].push(symbol, book(1))
        await turns()
        desk.clients[0].push(A, book(2))  # on its way
        desk.data.restart("slept")
        assert desk.losses() == [((A,), "slept"), ((B,), "slept")], "told before it returns"
        await turns()
        desk.clients[2].push(A, book(3))
        desk.clients[3].push(B, book(2))
        await turns()
        assert [client.closed for client in desk.clients.made] == [1, 1, 0, 0]
    assert sorted((snap.symbol, snap.seq) for snap in desk.heard.books()) == [(A, 1), (A, 3), (B, 1), (B, 2)]


async def test_a_restart_before_there_is_anything_is_none() -> None:
    desk = Desk()
    desk.data.restart("slept")
    async with desk.running(A):
        desk.data.restart("slept")
        await turns()
        desk.clients[-1].push(A, book(1))
        await turns()
    assert [snap.seq for snap in desk.heard.books()] == [1]
    assert desk.losses() == []
