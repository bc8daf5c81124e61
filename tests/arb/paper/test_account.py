from __future__ import annotations

from decimal import Decimal as D

from arb.domain import Coin, VenueId
from arb.paper.account import Account

USDT, BTC = Coin("USDT"), Coin("BTC")


def account() -> Account:
    return Account(VenueId("mexc"), {USDT: D(100)})


def test_money_is_locked_paid_and_given_back() -> None:
    held = account()
    assert held.lock(USDT, D(60))
    held.pay(USDT, D(25))
    held.unlock(USDT, D(35))
    held.receive(BTC, D(1))
    assert (held.free(USDT), held.locked(USDT)) == (D(75), D(0))
    assert (held.free(BTC), held.locked(BTC)) == (D(1), D(0))


def test_more_than_is_free_cannot_be_locked_and_nothing_moves() -> None:
    held = account()
    assert held.lock(USDT, D(60))
    assert not held.lock(USDT, D("40.01"))
    assert (held.free(USDT), held.locked(USDT)) == (D(40), D(60))
    assert not held.lock(BTC, D(1))


def test_changes_are_told_once_as_they_stand_with_a_number_that_grows() -> None:
    held = account()
    assert held.lock(USDT, D(60))
    held.pay(USDT, D(60))
    held.receive(BTC, D(2))
    told = held.take_changes(5, 7)
    assert [(b.coin, b.free, b.locked, b.exch_ns, b.recv_ns) for b in told] == [
        (USDT, D(40), D(0), 5, 7),
        (BTC, D(2), D(0), 5, 7),
    ]
    assert held.take_changes(6, 8) == ()
    held.receive(USDT, D(1))
    [later] = held.take_changes(6, 8)
    assert later.seq > max(b.seq for b in told)


def test_nothing_moved_is_no_change() -> None:
    held = account()
    held.unlock(USDT, D(0))
    assert held.take_changes(1, 1) == ()


def test_all_leaves_out_what_is_not_held() -> None:
    held = account()
    assert held.lock(USDT, D(100))
    held.pay(USDT, D(100))
    held.receive(BTC, D(1))
    assert [b.coin for b in held.all(0, 0)] == [BTC]
