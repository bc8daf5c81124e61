"""A native venue asked before a run, against the simulated ones."""

from __future__ import annotations

import pytest

from arb.clock import SystemClock
from arb.domain import VenueId
from arb.errors import AuthFailed, Transient
from arb.sim import SimExchanges
from fastpath import gateio, mexc
from fastpath.net.probe import NativeProbe

MODULES = {"mexc": mexc, "gateio": gateio}


def probe_of(sim: SimExchanges, name: str, *, secret: str | None = None) -> NativeProbe:
    key, right = sim.keys[name]
    codec = MODULES[name].PrivateCodec({}, key, secret or right)
    return NativeProbe(VenueId(name), codec, sim.urls[name].rest_url, clock=SystemClock())


@pytest.mark.parametrize("name", MODULES)
async def test_a_venue_is_reached_and_tells_its_time_and_rights(name: str) -> None:
    clock = SystemClock()
    sim = SimExchanges(clock, symbols=2)
    await sim.start()
    try:
        probe = probe_of(sim, name)
        host, port = await probe.address()
        assert (host, f":{port}/" in f"{sim.urls[name].rest_url}/") == ("127.0.0.1", True)
        assert abs(await probe.venue_ns() - clock.wall_ns()) < 10**9
        rights = await probe.rights()
        assert rights.withdraw is None
        assert rights.ip_locked is (False if name == "gateio" else None)
        await probe.close()
        wrong = probe_of(sim, name, secret="wrong")
        with pytest.raises(AuthFailed) as caught:
            await wrong.rights()
        assert sim.keys[name][1] not in str(caught.value)
        await wrong.close()
    finally:
        await sim.stop()


async def test_a_venue_that_is_not_there_is_transient() -> None:
    probe = NativeProbe(VenueId("mexc"), mexc.PrivateCodec({}, "", ""), "http://127.0.0.1:9", clock=SystemClock())
    with pytest.raises(Transient):
        await probe.venue_ns()
    await probe.close()
