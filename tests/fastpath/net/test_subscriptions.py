"""fastpath.net.subscriptions: the ledger of one connection, on a clock made of numbers (seconds here)."""

from __future__ import annotations

from random import Random

import pytest

from arb.domain import Symbol
from fastpath.net.pacing import SECOND_NS
from fastpath.net.subscriptions import Ask, Silence, Subscriptions

A, B, C = Symbol("A/USDT"), Symbol("B/USDT"), Symbol("C/USDT")


class Longest(Random):
    def uniform(self, a: float, b: float) -> float:
        return b


def at(seconds: float) -> int:
    return round(seconds * SECOND_NS)


def ledger(*symbols: Symbol, pushed: bool = False) -> Subscriptions:
    return Subscriptions(symbols, pushed, Longest(), answer_s=5.0)


def asked(subs: Subscriptions, when: float = 0.0) -> tuple[Ask, ...]:
    """What is due at `when`, sent at once."""
    asks = subs.due(at(when))
    for ask in asks:
        subs.sent(ask, at(when))
    return asks


def test_everything_is_asked_for_at_once_and_only_once() -> None:
    subs = ledger(A, B)
    assert asked(subs) == (Ask(False, (A, B)),)
    assert asked(subs) == ()
    assert subs.wait_ns(at(1)) == at(4)  # for an answer


def test_accepted_symbols_flow() -> None:
    subs = ledger(A, B)
    asked(subs)
    subs.accepted([A], at(1))
    assert subs.on == {A}
    assert not subs.settled
    subs.accepted([B], at(1))
    assert subs.on == {A, B}
    assert subs.settled
    assert subs.wait_ns(at(1)) > at(1e6)


def test_an_answer_may_come_before_the_last_frame_of_the_request_has_gone() -> None:
    subs = ledger(A, B)
    (ask,) = subs.due(at(0))
    subs.accepted([A], at(1))
    assert subs.expire(at(100)) == ()  # B's frame has not gone: nobody can have answered it
    subs.sent(ask, at(100))
    assert subs.on == {A}
    assert subs.expire(at(104.9)) == ()
    assert subs.expire(at(105)) == (Silence("no answer", (B,)),)


def test_no_answer_is_a_failure_of_that_symbol_and_is_asked_again() -> None:
    subs = ledger(A, B)
    asked(subs)
    subs.accepted([A], at(1))
    assert subs.expire(at(4.9)) == ()
    assert subs.expire(at(5)) == (Silence("no answer", (B,)),)
    assert subs.settled
    assert asked(subs, 5.9) == ()
    assert asked(subs, 6) == (Ask(True, (B,)),)  # the venue may hold it whatever it said
    subs.left([B], at(6.1))
    assert asked(subs, 6.1) == (Ask(False, (B,)),)
    subs.accepted([B], at(6.2))
    assert subs.on == {A, B}


def test_an_unsubscription_nobody_answers_does_not_stop_the_next_try() -> None:
    subs = ledger(A)
    asked(subs)
    subs.expire(at(5))
    asked(subs, 6)
    assert subs.expire(at(11)) == ()
    assert asked(subs, 11) == (Ask(False, (A,)),)


def test_repeated_silence_is_asked_ever_later_up_to_ten_minutes() -> None:
    subs = ledger(A)
    now, waits = 0.0, []
    for _ in range(14):
        asked(subs, now)
        now += 5
        assert subs.expire(at(now)) == (Silence("no answer", (A,)),)
        wait = subs.wait_ns(at(now)) / SECOND_NS
        waits.append(wait)
        now += wait
        assert asked(subs, now) == (Ask(True, (A,)),)
        subs.left([A], at(now))
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == 600


def test_a_late_answer_is_an_answer() -> None:
    subs = ledger(A)
    asked(subs)
    subs.expire(at(5))
    subs.accepted([A], at(5.5))
    assert subs.on == {A}
    assert asked(subs, 100) == ()


def test_one_bad_symbol_fails_the_request_but_not_the_others() -> None:
    subs = ledger(A, B, C)
    asked(subs)
    subs.refused([A, B, C], at(1))
    assert asked(subs, 1) == (Ask(False, (A,)), Ask(False, (B,)), Ask(False, (C,)))
    subs.accepted([A], at(2))
    subs.refused([B], at(2))
    subs.accepted([C], at(2))
    assert subs.on == {A, C}
    assert subs.settled


def test_a_refused_symbol_is_asked_for_slowly_while_the_others_stay() -> None:
    subs = ledger(A, B)
    asked(subs)
    subs.accepted([A], at(1))
    subs.refused([B], at(1))
    assert asked(subs, 60.9) == ()
    assert asked(subs, 61) == (Ask(True, (B,)),)
    subs.refused([B], at(62))  # it was not there to be taken off
    assert asked(subs, 62) == (Ask(False, (B,)),)
    subs.refused([B], at(63))
    assert asked(subs, 63 + 119.9) == ()
    assert asked(subs, 63 + 120) == (Ask(True, (B,)),)
    assert subs.on == {A}


@pytest.mark.parametrize(
    "what", [pytest.param("refused", id="refused later on"), pytest.param("left", id="taken off by the venue")]
)
def test_a_stream_the_venue_ends_is_asked_for_again(what: str) -> None:
    subs = ledger(A, B)
    asked(subs)
    subs.accepted([A, B], at(1))
    getattr(subs, what)([A], at(100))
    assert subs.on == {B}
    assert subs.settled  # it has failed; waiting for it would be waiting for the venue's mood
    assert asked(subs, 161) == (Ask(True, (A,)),)


def test_symbols_nobody_asked_for_are_ignored() -> None:
    subs = ledger(A)
    asked(subs)
    subs.accepted([C], at(1))
    subs.refused([C], at(1))
    subs.left([C], at(1))
    subs.fed(C)
    assert subs.on == frozenset()
    assert not subs.renew(C, at(1))
    assert asked(subs, 2) == ()


# ------------------------------------------------------------------------------------------------ pushed books


def test_an_accepted_symbol_flows_once_its_full_book_has_come() -> None:
    subs = ledger(A, B, pushed=True)
    asked(subs)
    subs.accepted([A, B], at(1))
    assert subs.on == frozenset()
    subs.fed(A)
    assert subs.on == {A}
    assert subs.waiting
    subs.fed(B)
    assert subs.settled
    assert not subs.waiting


def test_the_full_book_may_come_before_the_answer() -> None:
    subs = ledger(A, pushed=True)
    asked(subs)
    subs.fed(A)
    assert subs.on == frozenset()
    subs.accepted([A], at(1))
    assert subs.on == {A}


def test_no_full_book_after_the_answer_is_a_failed_subscription() -> None:
    subs = ledger(A, B, pushed=True)
    asked(subs)
    subs.accepted([A, B], at(1))
    subs.fed(A)
    assert subs.expire(at(5.9)) == ()
    assert subs.expire(at(6)) == (Silence("no full book", (B,)),)
    assert subs.on == {A}
    assert asked(subs, 7) == (Ask(True, (B,)),)


def on(symbol: Symbol = A) -> Subscriptions:
    subs = ledger(symbol, pushed=True)
    asked(subs)
    subs.accepted([symbol], at(1))
    subs.fed(symbol)
    return subs


def test_changes_without_the_full_book_they_change_are_asked_anew_at_once() -> None:
    subs = ledger(A, B, pushed=True)
    asked(subs)
    subs.accepted([A, B], at(1))
    subs.fed(B)
    for symbol in (A, B):
        subs.starved(symbol, at(1.2))
    assert asked(subs, 1.2) == (Ask(True, (A,)),)
    subs.left([A], at(1.3))
    assert asked(subs, 1.3) == (Ask(False, (A,)),)
    subs.accepted([A], at(1.4))
    subs.fed(A)
    assert subs.on == {A, B}


def test_a_change_before_the_answer_starves_nobody() -> None:
    subs = ledger(A, pushed=True)
    asked(subs)
    subs.starved(A, at(1))  # it may be of the subscription before
    assert asked(subs, 1) == ()


def test_renewal_takes_off_waits_for_the_answer_and_asks_again() -> None:
    subs = on()
    assert subs.renew(A, at(10))
    assert asked(subs, 10) == (Ask(True, (A,)),)
    subs.fed(A)  # a frame that was still on its way says nothing about the new subscription
    assert asked(subs, 10.1) == ()
    subs.left([A], at(10.2))
    assert asked(subs, 10.2) == (Ask(False, (A,)),)
    subs.accepted([A], at(10.3))
    assert subs.on == frozenset()
    subs.fed(A)
    assert subs.on == {A}


@pytest.mark.parametrize("stage", ["asked", "accepted", "renewing"])
def test_a_renewal_is_not_doubled_while_a_full_book_is_on_its_way(stage: str) -> None:
    subs = ledger(A, pushed=True)
    asked(subs)
    if stage != "asked":
        subs.accepted([A], at(1))
    if stage == "renewing":
        subs.fed(A)
        assert subs.renew(A, at(2))
    assert not subs.renew(A, at(2))


def test_renewals_of_one_symbol_slow_down_until_it_has_been_quiet() -> None:
    subs, now, waits = on(), 10.0, []
    for pause in [0.0] * 10 + [61.0]:
        now += pause
        assert subs.renew(A, at(now))
        wait = subs.wait_ns(at(now)) / SECOND_NS
        waits.append(wait)
        now += wait
        assert asked(subs, now) == (Ask(True, (A,)),)
        subs.left([A], at(now))
        asked(subs, now)
        subs.accepted([A], at(now))
        subs.fed(A)
    assert waits[:5] == [0, 0.1, 0.2, 0.4, 0.8]
    assert waits[-2:] == [10, 0]
