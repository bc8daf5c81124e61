"""Books that are asked for: again and again, not too often, and each failure is its own."""

from __future__ import annotations

import ccxt
import pytest

from adapters.ccxt_limits import Limits
from adapters.ccxt_polling import EVERY_S
from adapters.ccxt_stream import REFUSED_S
from arb.domain import Disconnected, SubscriptionRefused, Symbol, Trust
from arb.errors import AuthFailed, ProtocolError
from tests.adapters.ccxt_fakes import A, B, Desk, FakeExchange, Sleeps, book, turns


def desk(limits: Limits | None = None, sleeps: Sleeps | None = None) -> Desk:
    return Desk(trust=Trust.POLLED, limits=limits, sleeps=sleeps or Sleeps(hold_s=EVERY_S))


async def test_books_are_asked_for_again_and_again() -> None:
    polled = desk(sleeps=Sleeps())
    async with polled.running(A, B):
        for nonce in (1, 2):
            for symbol in (A, B):
                polled.clients[0].push(symbol, book(nonce))
            await turns()
    assert [(snap.symbol, snap.seq, snap.conn) for snap in polled.heard.books()] == [
        (A, 1, 1),
        (B, 1, 2),
        (A, 2, 1),
        (B, 2, 2),
    ]
    assert polled.heard.kinds(A) == ["Subscribed", "BookSnapshot", "BookSnapshot"]
    assert set(polled.sleeps.asked) == {EVERY_S}
    assert len(polled.clients.made) == 1


@pytest.mark.parametrize(
    ("symbols", "rate_ms", "every_s"),
    [
        pytest.param(3, 50.0, EVERY_S, id="few symbols: once a second"),
        pytest.param(30, 50.0, 3.0, id="many: half of what the venue's rate allows"),
        pytest.param(2, 3000.0, 12.0, id="a slow venue"),
    ],
)
async def test_politeness(symbols: int, rate_ms: float, every_s: float) -> None:
    def prepare(exchange: FakeExchange, number: int) -> None:
        exchange.rateLimit = rate_ms
        for n in range(symbols):
            exchange.push(f"{n}/USDT", book(1))

    polled = Desk(trust=Trust.POLLED, prepare=prepare, sleeps=Sleeps(hold_s=EVERY_S))
    async with polled.running(*(Symbol(f"{n}/USDT") for n in range(symbols))):
        pass
    assert polled.sleeps.asked == [every_s] * symbols


async def test_a_failure_is_a_loss_of_that_symbol_alone() -> None:
    polled = desk(sleeps=Sleeps())
    async with polled.running(A, B):
        for symbol in (A, B):
            polled.clients[0].push(symbol, book(1))
        await turns()
        polled.clients[0].push(A, ccxt.RequestTimeout("slow"))
        await turns()
        polled.clients[0].push(A, book(2))
        await turns()
    losses = [event for event in polled.heard.events if isinstance(event, Disconnected)]
    assert [(event.symbols, event.reason) for event in losses] == [((A,), "RequestTimeout: slow")]
    assert polled.heard.kinds(A) == ["Subscribed", "BookSnapshot", "Disconnected", "Subscribed", "BookSnapshot"]
    assert polled.heard.kinds(B) == ["Subscribed", "BookSnapshot"]
    assert polled.counters["losses"] == 1
    assert polled.errors == []


async def test_a_failure_before_the_first_book_is_told() -> None:
    polled = desk()
    async with polled.running(A):
        polled.clients[0].push(A, KeyError("bids"))
        await turns()
    assert [type(error) for error in polled.errors] == [ProtocolError]


async def test_a_refused_symbol_is_asked_for_again_later() -> None:
    polled = desk()
    async with polled.running(A):
        polled.clients[0].push(A, ccxt.BadSymbol("no such market"))
        await turns()
    assert [type(event) for event in polled.heard.events] == [SubscriptionRefused]
    assert polled.sleeps.asked == [REFUSED_S]
    assert polled.counters["refused"] == 1


async def test_another_number_of_levels() -> None:
    polled = desk(limits=Limits((400, None)))
    async with polled.running(A):
        polled.clients[0].push(A, ccxt.ExchangeError("limit argument must be 20 or 100"))
        polled.clients[0].push(A, book(1))
        await turns()
    assert [call[2] for call in polled.clients[0].calls] == [400, 100]
    assert len(polled.heard.books()) == 1


async def test_a_resync_waits_for_the_next_answer() -> None:
    polled = desk()
    async with polled.running(A):
        polled.data.resync(A)
        await turns()
        assert len(polled.clients.made) == 1
    assert polled.counters["resyncs"] == 0


async def test_a_venue_that_shows_its_books_to_key_holders_only() -> None:
    polled = desk()
    async with polled.running(A, B) as task:
        polled.clients[0].push(A, ccxt.PermissionDenied("members only"))
        await turns()
        with pytest.raises(AuthFailed, match="members only"):
            await task


async def test_after_a_restart_an_answer_to_an_old_question_is_passed_over() -> None:
    polled = desk(sleeps=Sleeps())
    async with polled.running(A):
        polled.clients[0].push(A, book(1))
        await turns()
        polled.data.restart("slept")
        assert polled.losses() == [((A,), "slept")]
        polled.clients[0].push(A, book(2))  # asked for before
        await turns()
        polled.clients[0].push(A, book(3))
        await turns()
    assert [snap.seq for snap in polled.heard.books()] == [1, 3]
    assert len(polled.clients.made) == 1
