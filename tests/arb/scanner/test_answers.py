"""Static answers and what policy makes of missing ones."""

from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from arb.domain import Coin, FeeCoin, FeeSource, Reason, Symbol
from arb.interfaces import Statics
from arb.scanner.answers import Facts, answer
from tests.arb.scanner.world import SETTINGS, A, B, fee, market, network

KNOWN = Statics((market(A), market(B)), (fee(A), fee(B)), (network(A), network(B)))


def ask(known=KNOWN, **settings):
    facts = Facts([known])
    markets = {m.venue: m for m in known.markets}
    return answer(markets[A], markets[B], facts, replace(SETTINGS, **settings))


def known(**changes):
    return replace(KNOWN, **changes)


def test_everything_known_and_open():
    answers = ask()
    assert [c.ok for c in (answers.tradable, answers.identity, answers.transfer, answers.fee)] == [True] * 4
    assert (answers.early, answers.late, answers.unknown) == (Reason.OK, Reason.OK, False)
    assert answers.rules is not None
    assert answers.size == Decimal(500)


@pytest.mark.parametrize(
    ("markets", "ok", "word"),
    [
        pytest.param((market(A, buyable=False, why="suspended"), market(B)), False, "suspended", id="buying closed"),
        pytest.param((market(A), market(B, sellable=False)), False, "b is closed to sales", id="selling closed"),
        pytest.param(
            (market(A, sellable=False), market(B, buyable=False)), True, "open", id="only this direction counts"
        ),
        pytest.param((market(A, step=Decimal(0)), market(B)), False, "no quantity step", id="no step to size by"),
    ],
)
def test_tradable(markets, ok, word):
    answers = ask(known(markets=markets))
    assert answers.tradable.ok is ok
    assert word in answers.tradable.why
    assert answers.early is (Reason.OK if ok else Reason.NOT_TRADABLE)


@pytest.mark.parametrize(
    ("fees", "ok", "word"),
    [
        pytest.param(
            (fee(A, source=FeeSource.ACCOUNT), fee(B, source=FeeSource.OVERRIDE)),
            True,
            "a takes 0.001 in quote (account)",
            id="with its source",
        ),
        pytest.param((fee(A, buy_coin=FeeCoin.BASE), fee(B)), True, "a takes 0.001 in base", id="and its coin"),
        pytest.param((fee(A),), False, "the taker fee of b is not known", id="one missing"),
        pytest.param((), False, "the taker fee of a is not known; the taker fee of b", id="both missing"),
        pytest.param((fee(A), fee(B, symbol=Symbol("BBB/USDT"))), False, "of b", id="another market's fee is none"),
        pytest.param((fee(A, taker=Decimal(10)), fee(B)), False, "cannot be 10", id="percent taken for a fraction"),
    ],
)
def test_fee(fees, ok, word):
    answers = ask(known(fees=fees))
    assert answers.fee.ok is ok
    assert word in answers.fee.why
    assert (answers.rules is not None) is ok


@pytest.mark.parametrize(
    ("may_be_unknown", "late"),
    [
        pytest.param({"identity", "transfer"}, Reason.OK, id="both may"),
        pytest.param({"transfer"}, Reason.IDENTITY_UNKNOWN, id="identity may not"),
        pytest.param({"identity"}, Reason.TRANSFER_UNKNOWN, id="transfer may not"),
        pytest.param(set(), Reason.IDENTITY_UNKNOWN, id="neither may: identity comes first"),
    ],
)
def test_missing_answers(may_be_unknown, late):
    nothing = known(markets=(market(A, contract=""), market(B, contract="")), networks=())
    answers = ask(nothing, may_be_unknown=frozenset(may_be_unknown))
    assert (answers.identity.ok, answers.transfer.ok) == (None, None)
    assert answers.late is late
    assert answers.unknown


def test_a_known_mismatch_is_refused_whatever_policy_allows():
    other = known(
        networks=(network(A, contract="0x1"), network(B, contract="0x2")), markets=(market(A, contract=""), market(B))
    )
    assert ask(other).early is Reason.IDENTITY_MISMATCH


def test_a_user_who_vouches_for_a_coin_also_overrules_its_price():
    assert ask().by_ratio
    assert not ask(same=frozenset({"AAA"})).by_ratio


def test_size_is_of_the_quote_coin():
    assert ask(sizes={Coin("BTC"): Decimal(1)}).size is None
