"""Books of many symbols over few clients: what one loses, the others do not notice."""

from __future__ import annotations

from typing import Any

import ccxt
import pytest

from adapters.ccxt_client import Client, Lost
from adapters.ccxt_limits import Limits
from adapters.ccxt_market_data import CALM_NS, RESYNC_S
from adapters.ccxt_stream import REFUSED_S
from arb.domain import BookSnapshot, Depth, Event, SubscriptionRefused, Symbol
from arb.errors import AuthFailed, ProtocolError, Rejected, Transient
from arb.supervise import CAP_S, FIRST_S
from tests.adapters.ccxt_fakes import A, B, C, Desk, FakeExchange, Heard, Sleeps, V, book, turns


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


async def test_a_socket_that_ends_takes_all_its_symbols_and_no_others() -> None:
    desk = Desk(per_client=2)
    async with desk.running(A, B, C):
        for client in desk.clients.made:
            for symbol in (A, B, C):
                client.exchange.push(symbol, book(1))
        await turns()
        of_a = next(
            n for n, client in enumerate(desk.clients.made) if ("watch_order_book", A, None) in client.exchange.calls
        )
        desk.clients.made[of_a].lose(ConnectionError("closed with code 1006"))
        await turns()
        assert [client.closed for client in desk.clients.made] == [int(n == of_a) for n in range(3)]
        desk.clients[2].push(A, book(1))
        await turns()
    assert sorted(desk.losses()) == [((symbol,), "ConnectionError: closed with code 1006") for symbol in (A, C)]
    assert [snap.conn for snap in desk.heard.books(A)] == [1, 4]
    assert desk.heard.kinds(B) == ["Subscribed", "BookSnapshot"]
    assert desk.counters["losses"] == 1
    assert desk.errors == []


async def test_a_book_of_a_socket_that_has_just_ended_is_not_passed_on() -> None:
    desk = Desk()
    async with desk.running(A):
        desk.clients[0].push(A, book(1))
        desk.clients.made[0].lose(ConnectionError("gone"))
        await turns()
    assert desk.heard.books() == []


async def test_a_symbol_that_fails_alone_goes_on_alone() -> None:
    desk = Desk()
    async with desk.running(A, B):
        for symbol in (A, B):
            desk.clients[0].push(symbol, book(1))
        await turns()
        desk.clients[0].push(A, ccxt.NetworkError("no snapshot"))
        await turns()
        assert [client.closed for client in desk.clients.made] == [0, 0]
        assert desk.clients[1].calls == [("watch_order_book", A, None)]
        assert desk.losses() == [((A,), "NetworkError: no snapshot")]
        desk.clients[0].push(A, book(9))  # nobody listens to this one any more
        desk.clients[0].push(B, book(2))
        desk.clients[1].push(A, book(2))
        await turns()
    assert [(snap.symbol, snap.seq) for snap in desk.heard.books()] == [(A, 1), (B, 1), (B, 2), (A, 2)]


async def test_a_symbol_that_is_alone_gets_a_fresh_client() -> None:
    desk = Desk()
    async with desk.running(A):
        desk.clients[0].push(A, book(1))
        await turns()
        desk.clients[0].push(A, ccxt.ChecksumError("does not add up"))
        await turns()
        assert [client.closed for client in desk.clients.made] == [1, 0]
        desk.clients[1].push(A, book(1))
        await turns()
    assert desk.losses() == [((A,), "ChecksumError: does not add up")]
    assert len(desk.heard.books()) == 2


async def test_a_future_that_ccxt_cancels_is_a_loss_and_not_the_end() -> None:
    desk = Desk()
    async with desk.running(A, B) as task:
        for future in desk.clients[0].waiting.values():
            future.cancel()
        await turns()
        assert not task.done()
        desk.clients[1].push(A, book(1))
        await turns()
    assert len(desk.heard.books(A)) == 1
    assert [str(error) for error in desk.errors] == ["v: ccxt gave the subscription up"]  # no book had come yet


async def test_a_refused_symbol_is_told_and_asked_for_again_later() -> None:
    desk = Desk()
    async with desk.running(A, B):
        desk.clients[0].push(A, ccxt.BadRequest("unknown currency pair hush"))
        await turns()
        desk.clients[0].push(B, book(1))
        await turns()
        assert len(desk.clients.made) == 1
    refusals = [event for event in desk.heard.events if isinstance(event, SubscriptionRefused)]
    assert [(event.symbols, event.reason) for event in refusals] == [((A,), "BadRequest: unknown currency pair ***")]
    assert desk.sleeps.asked[-1] == REFUSED_S
    assert desk.counters["refused"] == 1
    assert len(desk.heard.books(B)) == 1


async def test_keys_that_are_refused_end_the_venue() -> None:
    desk = Desk()
    async with desk.running(A, B) as task:
        desk.clients[0].push(A, ccxt.AuthenticationError("who are you"))
        await turns()
        with pytest.raises(AuthFailed, match="who are you"):
            await task


async def test_a_bug_of_ours_is_told_and_survived() -> None:
    class Broken(Heard):
        def on_event(self, event: Event) -> None:
            super().on_event(event)
            if isinstance(event, BookSnapshot) and event.seq == 1:
                raise ZeroDivisionError("ours")

    desk = Desk()
    desk.heard = Broken()
    async with desk.running(A):
        desk.clients[0].push(A, book(1))
        await turns()
        desk.clients[1].push(A, book(2))
        await turns()
    assert [type(error) for error in desk.errors] == [ProtocolError]
    assert "ZeroDivisionError: ours" in str(desk.errors[0])
    assert [snap.seq for snap in desk.heard.books()] == [1, 2]


async def test_attempts_that_fail_are_told_and_spaced() -> None:
    async def unreachable(lost: Lost) -> Client:
        raise OSError("no route")

    desk = Desk(open=unreachable, sleeps=Sleeps(hold_s=2.0))
    async with desk.running(A):
        await turns(200)
    assert {str(error) for error in desk.errors} == {"v: OSError: no route"}
    waits = desk.sleeps.asked[1:]
    assert waits[-1] >= 2.0
    assert all(0 <= wait <= FIRST_S * 2**n for n, wait in enumerate(waits))


# ---------------------------------------------------------------------------------------------- limits


async def test_a_number_of_levels_that_is_refused_is_exchanged_for_one_that_is_taken() -> None:
    desk = Desk(limits=Limits((400, None)))
    async with desk.running(A, B):
        for symbol in (A, B):
            desk.clients[0].push(symbol, ccxt.NotSupported("accepts limit values of 10, 100 and 500 only"))
        await turns()
        assert desk.clients[1].calls == [("watch_order_book", symbol, 500) for symbol in (A, B)]
        desk.clients[1].push(A, book(1))
        await turns()
    assert len(desk.heard.books()) == 1
    assert desk.counters["refused"] == 0


async def test_a_window_smaller_than_promised_is_asked_to_be_larger() -> None:
    desk = Desk(limits=Limits.of_depth(Depth.TWENTY))
    ten = [(float(price), 1.0) for price in range(1, 11)]
    async with desk.running(A):
        desk.clients[0].push(A, book(1, ten[::-1], ten))
        await turns()
        assert desk.clients[1].calls == [("watch_order_book", A, 100)]
        desk.clients[1].push(A, book(1, ten[::-1], ten))
        await turns()
        assert len(desk.clients.made) == 2  # there is no more to be had
    assert len(desk.heard.books()) == 2


# ---------------------------------------------------------------------------------------------- market lists


async def test_an_exchange_that_needs_its_own_list_gets_it() -> None:
    def prepare(exchange: FakeExchange, number: int) -> None:
        exchange.listed = [{"symbol": symbol, "spot": True, "baseId": "@107"} for symbol in (A, B)]

    desk = Desk(prepare=prepare)
    async with desk.running(A, B):
        assert desk.clients[0].markets == {}
        for symbol in (A, B):
            desk.clients[0].push(symbol, KeyError("baseName"))
        await turns(40)
        assert [call for call in desk.clients[0].calls if call[0] == "fetch_markets"] == [("fetch_markets",)]
        assert desk.clients[1].markets == {s: {"symbol": s, "spot": True, "baseId": "@107"} for s in (A, B)}
        desk.clients[1].push(A, KeyError("baseName"))  # it was not that
        desk.clients[1].push(B, book(1))
        await turns(40)
        assert len([call for client in desk.clients.made for call in client.exchange.calls if len(call) == 1]) == 1
    assert len(desk.heard.books(B)) == 1


async def test_a_symbol_that_the_exchanges_list_does_not_have_is_refused() -> None:
    desk = Desk()
    async with desk.running(A):
        for number in range(2):
            desk.clients[number].push(A, ccxt.BadSymbol("no market symbol A/USDT"))
            await turns(40)
    assert desk.heard.kinds(A) == ["SubscriptionRefused"]
    assert len(desk.clients.made) == 2


async def test_a_list_that_cannot_be_had_is_told() -> None:
    def prepare(exchange: FakeExchange, number: int) -> None:
        exchange.listed = ccxt.NetworkError("no list")

    desk = Desk(prepare=prepare)
    async with desk.running(A):
        desk.clients[0].push(A, KeyError("baseName"))
        await turns(40)
    assert "v: NetworkError: no list" in [str(error) for error in desk.errors]


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
