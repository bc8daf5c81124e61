"""fastpath.net.private_stream, private_link, listen_keys and deadman at the simulated venues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from arb.domain import BalancesRead, ClientId, OrderStatus, PrivateDown, PrivateUp, Symbol
from arb.errors import AuthFailed, Transient
from arb.interfaces import Lane, Verb
from arb.sim import FaultRule
from arb.sim.mexc.userstream import MOST_KEYS
from fastpath import gateio, mexc
from fastpath.net import private_link, private_stream, trading, witness
from fastpath.net.governor import Cost
from tests.fastpath.net.desk import BTC, Desk, desk
from tests.fastpath.net.venue import CLOCK

every_venue = pytest.mark.parametrize("module", [mexc, gateio], ids=lambda module: module.SPEC.name)


def made_of(module: ModuleType, *, life_s: float | None = None, keep_key_s: float | None = None) -> Any:
    """The venue with other facts."""

    class Codec(module.PrivateCodec):  # type: ignore[name-defined,misc]
        spec = module.PrivateCodec.spec
        if keep_key_s is not None:
            spec = msgspec.structs.replace(spec, keep_key_s=keep_key_s)

    spec = module.SPEC if life_s is None else msgspec.structs.replace(module.SPEC, life_s=life_s)
    return SimpleNamespace(SPEC=spec, PrivateCodec=Codec)


async def until(wanted: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not wanted():  # noqa: ASYNC110  what a venue keeps has no event
            await asyncio.sleep(0.01)


def keys(d: Desk) -> set[str]:
    return set(d.sim.venues["mexc"].users._live())  # type: ignore[attr-defined]


async def works(d: Desk, name: str) -> None:
    """An order is told of by the stream itself."""
    d.trading.submit(d.order(name))
    assert (await d.ended(name)).status is OrderStatus.FILLED


# ------------------------------------------------------------------------------------------------ listen keys


async def test_a_listen_key_is_made_and_given_back() -> None:
    async with desk(mexc) as d:
        assert len(keys(d)) == 1
        await d.stop()
        assert keys(d) == set()


async def test_a_connection_that_could_not_be_opened_leaves_no_key_behind() -> None:
    async with desk(mexc, FaultRule(kind="refuse", probability=1.0), up=False) as d:
        await until(lambda: d.trading.counters["socket_losses"] >= 3)
        assert len(keys(d)) <= 1, "the one of the attempt under way"


async def test_a_listen_key_is_kept_alive() -> None:
    async with desk(mexc, timers={"mexc.listen_key_s": 0.4}, codec=made_of(mexc, keep_key_s=0.1)) as d:
        first = keys(d)
        await asyncio.sleep(0.8)  # twice its life
        assert keys(d) == first
        assert d.heard.of(PrivateDown) == []


async def test_where_killed_processes_have_left_too_many_keys_one_of_them_is_taken_over() -> None:
    async with desk(mexc) as d:
        users = d.sim.venues["mexc"].users  # type: ignore[attr-defined]
        (before,) = keys(d)
        users._keys |= {f"left-{n}": users._until_ns() for n in range(MOST_KEYS - 1)}
        d.sim.venues["mexc"].timers["listen_key_s"] = 7200.0  # what is renewed from now on lives longer
        users._keys.pop(before)
        users._keys["left-by-another"] = users._until_ns() - 3600 * 10**9
        await d.heard.until(lambda: len(d.heard.of(BalancesRead)) == 2)
        await works(d, "arb-1")
        renewed = [key for key, until_ns in users._keys.items() if until_ns > max(users._keys.values()) - 10**9]
        assert [key.startswith("left-") for key in renewed] == [True]
        left = keys(d)
        await d.stop()
        assert keys(d) == left, "somebody else's key was closed"


async def test_a_key_that_was_taken_over_and_lives_no_more_is_forgotten() -> None:
    async with desk(mexc) as d:
        users = d.sim.venues["mexc"].users  # type: ignore[attr-defined]
        lender = d.trading._stream._keys
        for number in range(3):  # in an hour the others have run out
            users._keys = {f"left-{number}-{n}": users._until_ns() for n in range(MOST_KEYS)}
            assert (await lender.make()).startswith(f"left-{number}-")
        assert lender._lent
        assert all(key.startswith("left-2-") for key in lender._lent)


async def test_a_key_that_runs_out_is_replaced() -> None:
    async with desk(mexc, FaultRule(kind="listen_key", at_ms=(300.0,))) as d:
        first = keys(d)
        await d.heard.until(lambda: len(d.heard.of(BalancesRead)) == 2)
        assert len(keys(d)) == 1
        assert keys(d).isdisjoint(first)
        await works(d, "arb-2")


async def test_a_key_that_is_refused_its_life_is_replaced_without_a_gap() -> None:
    rule = FaultRule(kind="error_after", topic="PUT /api/v3/userDataStream", at_ms=(0.0,), duration_ms=600.0)
    async with desk(mexc, rule, codec=made_of(mexc, keep_key_s=0.1)) as d:
        first = keys(d)
        await until(lambda: d.trading.counters["socket_rotations"] >= 1)
        await until(lambda: keys(d) and keys(d).isdisjoint(first))
        assert d.heard.of(PrivateDown) == []
        await works(d, "arb-2")


# ------------------------------------------------------------------------------------------------ replacement


@every_venue
async def test_a_worn_connection_is_replaced_before_it_ends(module: ModuleType) -> None:
    async with desk(module, codec=made_of(module, life_s=0.5)) as d:
        await until(lambda: d.trading.counters["socket_rotations"] >= 2)
        await works(d, "arb-1")
        assert [type(e) for e in d.heard.all if isinstance(e, PrivateUp | PrivateDown)] == [PrivateUp]


async def test_an_announced_end_is_not_waited_for() -> None:
    rule = FaultRule(kind="upgrade", at_ms=(300.0,), duration_ms=2_000.0)
    async with desk(gateio, rule) as d:
        await until(lambda: d.trading.counters["socket_rotations"] == 1)
        assert d.heard.of(PrivateDown) == []
        await works(d, "arb-1")


async def test_the_last_answers_of_a_replaced_connection_are_waited_for() -> None:
    rule = FaultRule(kind="late_answer", topic="spot.order_place", probability=1.0, delay_ms=300.0)
    async with desk(gateio, rule) as d:
        link = d.trading._stream.link
        assert link is not None
        d.trading.submit(d.order())
        link.worn = True
        link.alarm.ring()
        await until(lambda: d.trading._stream.link is not link)
        await until(lambda: link.lost is not None)
        assert OrderStatus.UNKNOWN not in d.statuses()
        assert d.trading.counters["unknown"] == 0


async def test_a_successor_that_cannot_be_opened_leaves_the_old_one_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_stream, "REPLACE_AGAIN_S", 0.05)
    async with desk(gateio) as d:
        opened, failed = private_stream.PrivateStream._open, []

        async def sometimes(self: private_stream.PrivateStream) -> private_link.PrivateLink:
            if len(failed) < 3:
                failed.append(1)
                raise Transient(d.venue, "not now")
            return await opened(self)

        monkeypatch.setattr(private_stream.PrivateStream, "_open", sometimes)
        link = d.trading._stream.link
        assert link is not None
        link.worn = True
        link.alarm.ring()
        await until(lambda: d.trading.counters["socket_rotations"] == 1)
        assert d.heard.of(PrivateDown) == []
        assert len(failed) == 3


# ------------------------------------------------------------------------------------------------ the link


@every_venue
async def test_a_mute_socket_is_found_out(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_link, "PONG_S", 0.1)
    monkeypatch.setattr(private_link, "TEND_S", 0.05)
    rule = FaultRule(kind="stall", topic="", scope="socket", at_ms=(300.0,), duration_ms=60_000.0)
    made = made_of(module)
    made.SPEC = msgspec.structs.replace(module.SPEC, ping_s=0.1)
    async with desk(module, rule, codec=made) as d:
        await d.heard.until(lambda: bool(d.heard.of(PrivateDown)))
        assert d.heard.of(PrivateDown)[0].reason == "a ping unanswered for 0.1 s"
        await d.heard.until(lambda: len(d.heard.of(PrivateUp)) == 2)


async def test_pings_keep_a_silent_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_link, "TEND_S", 0.02)
    made = made_of(mexc)
    made.SPEC = msgspec.structs.replace(mexc.SPEC, ping_s=0.05)
    async with desk(mexc, timers={"mexc.idle_s": 0.2}, codec=made) as d:
        await asyncio.sleep(0.5)
        assert d.heard.of(PrivateDown) == []
        assert d.trading.counters["socket_pings"] >= 3


@every_venue
async def test_what_is_not_subscribed_is_not_up(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = FaultRule(kind="refuse", probability=1.0)
    async with desk(module, rule, up=False) as d:
        await until(lambda: d.trading.counters["socket_losses"] >= 1)
        assert d.heard.of(PrivateUp) == []
        assert d.errors


async def test_a_login_that_is_not_answered_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_link, "SETTLE_S", 0.2)
    rule = FaultRule(kind="lost_answer", topic="spot.login", probability=1.0)
    async with desk(gateio, rule, up=False) as d:
        await until(lambda: d.trading.counters["socket_losses"] >= 1)
        assert any("not subscribed within" in str(error) for error in d.errors)


@every_venue
async def test_a_stream_that_does_not_tell_of_an_accepted_order_is_given_up(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(witness, "PATIENCE_S", 0.1)
    monkeypatch.setattr(trading, "TEND_S", 0.05)
    topic = {mexc: "private.orders", gateio: "spot.orders"}[module]
    async with desk(module, FaultRule(kind="drop", topic=topic, probability=1.0)) as d:
        d.trading.submit(d.order(rests=True))
        await d.heard.until(lambda: bool(d.heard.of(PrivateDown)))
        assert d.heard.of(PrivateDown)[0].reason == "the stream never told of arb-1, which was accepted"
        await d.heard.until(lambda: len(d.heard.of(PrivateUp)) == 2)


# ------------------------------------------------------------------------------------------------ Gate's socket


async def test_where_the_login_is_refused_orders_go_by_rest() -> None:
    async with desk(gateio, FaultRule(kind="server_error", topic="spot.login", probability=1.0)) as d:
        before = d.trading.counters["rest_requests"]
        await works(d, "arb-1")
        d.trading.submit(d.order("arb-2", rests=True))
        await d.heard.until(lambda: OrderStatus.OPEN in d.statuses("arb-2"))
        d.trading.cancel(BTC, ClientId("arb-2"))
        assert (await d.ended("arb-2")).status is OrderStatus.CANCELLED
        assert d.trading.counters["rest_requests"] >= before + 3
        assert d.trading.refusal(1, Lane.ORDER) == ""


async def test_where_the_login_is_forgotten_it_is_renewed() -> None:
    async with desk(gateio) as d:
        for conn in d.sim.venues["gateio"].conns:
            conn.marks.pop("login", None)
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.REJECTED
        link = d.trading._stream.link
        assert link is not None
        await until(lambda: link.orders)
        await works(d, "arb-2")


async def test_a_socket_that_dies_under_an_order_tells_at_once() -> None:
    async with desk(gateio, FaultRule(kind="lost_request", topic="spot.order_place", probability=1.0)) as d:
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.UNKNOWN
        [down] = d.heard.of(PrivateDown)
        assert d.heard.all.index(down) < d.heard.all.index(d.updates()[0])
        assert d.orders == []


async def test_a_market_at_its_limit_does_not_stop_the_others() -> None:
    """The refusal names its budget: that one is closed, and nothing else."""
    async with desk(gateio) as d:
        for _ in range(10):
            d.sim.venues["gateio"].orders.spend("BTC_USDT")  # type: ignore[attr-defined]
        d.trading.submit(d.order())
        assert (await d.ended()).status is OrderStatus.REJECTED
        governor, now_ns = d.trading._governor, CLOCK.mono_ns()
        assert governor.wait_ns(Cost(Verb.PLACE, BTC, socket=True), Lane.HEDGE, now_ns) > 0
        assert governor.wait_ns(Cost(Verb.PLACE, Symbol("A/USDT"), socket=True), Lane.ORDER, now_ns) == 0


# ------------------------------------------------------------------------------------------------ the dead man's switch


def switches(d: Desk) -> dict[str, int]:
    found: dict[str, int] = d.sim.venues["gateio"].desk._switches  # type: ignore[attr-defined]
    return found


async def test_the_switch_is_set_while_we_run_and_called_off_in_the_end() -> None:
    async with desk(gateio, deadman_s=5) as d:
        await until(lambda: switches(d))
        d.trading.submit(d.order(rests=True))
        await d.heard.until(lambda: OrderStatus.OPEN in d.statuses())
        await d.stop()
        assert switches(d) == {}
        assert len(d.sim.venues["gateio"].engine.open) == 1  # type: ignore[attr-defined]


async def test_the_switch_is_set_again_and_again() -> None:
    pauses: list[float] = []

    async def sleep(delay_s: float) -> None:
        pauses.append(delay_s)
        await asyncio.sleep(0.02)

    async with desk(gateio, deadman_s=6, sleep=sleep) as d:
        await until(lambda: switches(d))
        first = dict(switches(d))
        await until(lambda: switches(d)[""] > first[""])
        assert 2.0 in pauses


async def test_without_a_timeout_there_is_no_switch() -> None:
    async with desk(gateio, deadman_s=0) as d:
        await works(d, "arb-1")
        assert switches(d) == {}


async def test_with_a_key_that_was_revoked_nothing_is_called_off() -> None:
    async def run() -> None:
        async with desk(gateio, deadman_s=5) as d:
            await until(lambda: switches(d))
            d.trading._fail(AuthFailed(d.venue, "revoked"))
            await asyncio.wait([d.task])
            assert switches(d)

    with pytest.raises(AuthFailed, match="revoked"):
        await run()
