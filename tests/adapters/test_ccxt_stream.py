"""Symbols on one client: what one loses, the others do not notice."""

from __future__ import annotations

import ccxt
import pytest

from adapters import ccxt_stream
from adapters.ccxt_client import Client, Lost
from adapters.ccxt_limits import Limits
from adapters.ccxt_stream import REFUSED_S
from arb.domain import BookSnapshot, Depth, Event, SubscriptionRefused, Symbol
from arb.errors import AuthFailed, ProtocolError
from arb.supervise import FIRST_S
from tests.adapters.ccxt_fakes import A, B, C, Desk, FakeExchange, Heard, Sleeps, book, turns, until


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
    assert desk.errors == []


@pytest.mark.parametrize("symbols", [(A,), (A, B)], ids=["alone", "among others"])
async def test_a_symbol_that_fails_before_its_first_book_is_told_once(symbols: tuple[Symbol, ...]) -> None:
    desk = Desk()
    async with desk.running(*symbols):
        desk.clients[0].push(A, ccxt.RateLimitExceeded("no snapshot"))
        await turns()
        assert desk.clients[1].calls == [("watch_order_book", A, None)]
    assert [str(error) for error in desk.errors] == ["v: RateLimitExceeded: no snapshot"]
    assert desk.heard.events == []


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
    desk = Desk(limits=Limits.of_depth(Depth.TWENTY), per_client=1)
    ten = [(float(price), 1.0) for price in range(1, 11)]
    async with desk.running(A, B):
        for number, symbol in enumerate((A, B)):
            desk.clients[number].push(symbol, book(1, ten[::-1], ten))
        await turns()
        assert desk.clients[2].calls + desk.clients[3].calls == [("watch_order_book", s, 100) for s in (A, B)]
        desk.clients[2].push(A, book(1, ten[::-1], ten))
        await turns()
        assert len(desk.clients.made) == 4  # there is no more to be had
    assert len(desk.heard.books()) == 3


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


async def test_a_symbol_of_which_nothing_is_heard_is_refused_until_its_book_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ccxt_stream, "SILENT_S", 0.01)
    desk = Desk()
    async with desk.running(A, B):
        desk.clients[0].push(B, book(1))
        await until(lambda: desk.heard.kinds(A))
        desk.clients[0].push(A, book(1))
        await turns()
    assert desk.heard.kinds(A) == ["SubscriptionRefused", "Subscribed", "BookSnapshot"]
    assert desk.heard.kinds(B) == ["Subscribed", "BookSnapshot"]
    assert desk.counters["refused"] == 1
    assert len(desk.clients.made) == 1
