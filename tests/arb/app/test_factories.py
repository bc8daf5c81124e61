"""Who serves a venue's static facts: ccxt, unless its own module does."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from arb.app import factories
from arb.app.factories import Complaints, Factories
from arb.app.simulating import Environment
from arb.clock import ManualClock
from arb.config import Credentials, Settings
from arb.domain import Depth, Part, VenueId
from arb.errors import ConfigError, Transient
from fastpath import mexc


def world(**venue):
    return Environment(Settings.model_validate({"exchanges": {"elsewhere": venue}}), {})


@pytest.fixture
def elsewhere(monkeypatch):
    """A third party's venue that ccxt has never heard of."""
    spec = msgspec.structs.replace(mexc.SPEC, name="elsewhere", ccxt_id="", aliases=())
    made = SimpleNamespace(SPEC=spec, Codec=mexc.Codec, asked=[])
    monkeypatch.setattr(factories, "native_venue", lambda name: made)
    return made


async def test_a_venue_that_ccxt_does_not_serve_brings_its_own_facts(elsewhere):
    facts = object()
    elsewhere.metadata = lambda rest_url, clock: elsewhere.asked.append(rest_url) or facts
    made = Factories(world(rest_url="http://127.0.0.1:1"), ManualClock())
    assert made[VenueId("elsewhere")].metadata() is facts
    assert elsewhere.asked == ["http://127.0.0.1:1"]
    await made.close()


def test_without_any_it_is_a_configuration_error(elsewhere):
    with pytest.raises(ConfigError, match="elsewhere"):
        Factories(world(), ManualClock())


def test_the_same_complaint_is_logged_again_only_after_a_while(monkeypatch):
    logged = []
    monkeypatch.setattr(factories.logger, "warning", lambda form, *args: logged.append(form.format(*args)))
    clock = ManualClock(10**12)
    complain = Complaints(clock, every_s=30)
    for _ in range(3):
        complain(Transient("v", "refused"))
    complain(Transient("v", "something else"))
    clock.advance(31 * 10**9)
    complain(Transient("v", "refused"))
    assert logged == ["v: refused", "v: something else", "v: refused (2 times more since)"]


@pytest.mark.parametrize(
    ("fastpath", "orders"),
    [
        pytest.param(True, None, id="native"),
        pytest.param(False, None, id="through ccxt"),
        pytest.param(True, "ccxt", id="books native, orders through ccxt"),
    ],
)
async def test_every_part_of_a_venue_tells_the_breakers_of_the_run(fastpath, orders):
    config = {"exchanges": {"mexc": {"fastpath": fastpath, "orders": orders}}}
    keys = {"mexc": Credentials("mexc", "key", "secret")}
    made = Factories(Environment(Settings.model_validate(config), keys), ManualClock())
    venue = VenueId("mexc")
    made[venue].market_data((), Depth.TOP)
    made.orders(venue).trading(())
    assert {row.part for row in made.breakers.rows(venue, 0)} == set(Part)
    assert made.breakers.rows(VenueId("gateio"), 0) == ()
    await made.close()
