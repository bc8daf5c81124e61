"""Static facts: fresh ones cost no request, old ones serve where a venue is silent, the user's word is over all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arb.app.statics import StaticFacts
from arb.app.upkeep import Upkeep
from arb.catalog import Catalog
from arb.clock import ManualClock
from arb.config import Settings
from arb.domain import FeeCoin, FeeSchedule, FeeSource, Market, Symbol, VenueId
from arb.errors import Transient
from arb.interfaces import Statics

V = VenueId("v")
S, T = Symbol("A/USDT"), Symbol("B/USDT")
HOUR_NS = 3_600_000_000_000


def market(symbol):
    base, quote = symbol.split("/")
    return Market(V, symbol, symbol.replace("/", ""), base, quote, Decimal("0.01"), Decimal("0.1"))


def fee(symbol, rate="0.001", source=FeeSource.MARKET):
    return FeeSchedule(V, symbol, Decimal(rate), Decimal("0"), source)


FACTS = Statics((market(S), market(T)), (fee(S), fee(T)))


class Venue:
    """A factory and its metadata in one: plays a list of answers."""

    venue = V
    source = "here"

    def __init__(self, *answers, account=()):
        self.answers = list(answers)
        self.account = list(account)
        self.loads = 0
        self.asked = []

    def metadata(self):
        return self

    async def load(self):
        self.loads += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def account_fees(self, symbols):
        self.asked.append(list(symbols))
        return tuple(f for f in self.account if f.symbol in symbols)


@pytest.fixture
def clock():
    return ManualClock(0, 10**18)


@pytest.fixture
def make(tmp_path, clock):
    notes = []

    def build(settings=None, keep=True):
        settings = settings or Settings.model_validate({"exchanges": {"v": {}}})
        catalog = Catalog(tmp_path, clock, 3600.0, notes.append) if keep else None
        return StaticFacts(catalog, settings, notes.append)

    build.notes = notes
    return build


async def test_fresh_facts_cost_no_request(make, clock):
    await make().one(Venue(FACTS))
    again = Venue()
    assert await make().one(again) == FACTS
    assert again.loads == 0


async def test_old_facts_are_asked_for_again(make, clock):
    await make().one(Venue(FACTS))
    clock.advance(2 * HOUR_NS)
    newer = Statics((market(S),), (fee(S),))
    assert await make().one(Venue(newer)) == newer


async def test_old_facts_serve_where_the_venue_does_not_answer_and_that_is_told(make, clock):
    await make().one(Venue(FACTS))
    clock.advance(2 * HOUR_NS)
    assert await make().one(Venue(Transient("v", "no route"))) == FACTS
    assert make.notes == ["v: no route; using its facts of 2.0 hours ago"]


async def test_without_any_the_venues_error_is_raised(make):
    with pytest.raises(Transient, match="no route"):
        await make().one(Venue(Transient("v", "no route")))


async def test_without_a_catalog_nothing_is_kept(make, tmp_path):
    await make(keep=False).one(Venue(FACTS))
    assert list(tmp_path.iterdir()) == []


async def test_the_users_fees_are_over_all_and_never_kept(make, clock):
    settings = Settings.model_validate({"exchanges": {"v": {"taker_fee": "0.0002", "buy_fee_coin": "base"}}})
    ours = await make(settings).one(Venue(FACTS))
    assert {(f.taker, f.source, f.buy_coin) for f in ours.fees} == {
        (Decimal("0.0002"), FeeSource.OVERRIDE, FeeCoin.BASE)
    }
    assert await make().one(Venue()) == FACTS


async def test_account_fees_take_the_place_of_the_markets_for_what_is_asked(make, clock):
    venue = Venue(FACTS, account=[fee(S, "0.0004", FeeSource.ACCOUNT), fee(T, "0.0005", FeeSource.ACCOUNT)])
    loader = make()
    statics = await loader.with_account_fees(venue, await loader.one(venue), [S])
    assert [(f.taker, f.source) for f in statics.fees] == [
        (Decimal("0.0004"), FeeSource.ACCOUNT),
        (Decimal("0.001"), FeeSource.MARKET),
    ]
    assert (await make().one(Venue())).fees == statics.fees  # kept
    await loader.with_account_fees(venue, statics, [S])
    assert venue.asked == [[S]]  # what is known is not asked again


class Slept(Exception):
    """The test has seen enough."""


async def upkeep(loader, venue, *, keys=frozenset(), naps=0):
    told, notes, slept = [], [], []

    async def sleep(delay):
        slept.append(delay)
        if len(slept) > naps:
            raise Slept

    keeper = Upkeep(
        loader,
        {V: venue},
        {V: FACTS},
        {V: [S, T]},
        keys,
        ttl_s=3600.0,
        changed=lambda v, statics: told.append(statics),
        note=notes.append,
        sleep=sleep,
    )
    with pytest.raises(ExceptionGroup):
        await keeper.run()
    return told, notes, slept


async def test_a_running_scan_hears_of_account_fees(make):
    venue = Venue(account=[fee(S, "0.0004", FeeSource.ACCOUNT)])
    told, _notes, _ = await upkeep(make(), venue, keys=frozenset({V}))
    assert [[f.source for f in statics.fees] for statics in told] == [[FeeSource.ACCOUNT, FeeSource.MARKET]]


async def test_without_a_key_no_fee_is_asked_for(make):
    venue = Venue()
    told, _notes, _ = await upkeep(make(), venue)
    assert (told, venue.asked) == ([], [])


async def test_facts_are_refreshed_when_they_are_old_and_only_changes_are_told(make):
    newer = Statics((market(S),), (fee(S),))
    told, _notes, slept = await upkeep(make(), Venue(FACTS, newer), naps=2)
    assert told == [newer]
    assert slept == [3600.0] * 3


async def test_a_refresh_that_fails_is_told_and_tried_again_soon(make):
    told, notes, slept = await upkeep(make(), Venue(Transient("v", "busy"), FACTS), naps=2)
    assert notes == ["v: busy; its old facts stay in use"]
    assert slept == [3600.0, 300.0, 3600.0]
    assert told == []
