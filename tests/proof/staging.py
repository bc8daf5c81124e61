"""Puts the tests' own things where the application would take real time, real chance and a real tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import WSMsgType

from arb.app import scanning
from arb.clock import ManualClock
from arb.config import Settings
from arb.sim.venue import Reply, Request, SimVenue
from arb.tape import Run
from tests.proof.oracle import Oracle, Terms
from tests.proof.ran import MS, SIZES, VENUES, Ran
from tests.proof.shown import ShownOracle
from tests.proof.witness import Witness


@contextmanager
def staged(ran: Ran) -> Iterator[None]:
    """Whatever would look at real time or draw unseeded chance is given ours; the tape is the witness."""
    clock = ran.clock

    class Live(scanning.Live):
        async def run(self, until: Any, extra: Any = ()) -> str:
            ran.live = self

            async def ending() -> str:
                word: str = await until()
                ran.ended_ns = clock.mono_ns()
                ran.witness.finish()
                return word

            return await super().run(ending, extra)

    time = SimpleNamespace(time=lambda: clock.wall_ns() / 1e9, time_ns=clock.wall_ns)
    with pytest.MonkeyPatch.context() as patch:

        def witness(path: Path, _clock: object, run: Run) -> Witness:
            scan = Settings.model_validate(run.settings).scan
            terms = Terms(
                SIZES, int(scan.depth), scan.max_age_ms * MS, scan.max_skew_ms * MS, scan.min_edge_bps,
                Decimal(repr(scan.max_price_ratio)), round(scan.quarantine_s * 1e9),
            )  # fmt: skip
            symbols = [market.symbol for market in run.venues[0].statics.markets]
            native = all(taped.native for taped in run.venues)
            oracle = (Oracle if native else ShownOracle)(ran.served, terms, symbols, VENUES)
            if isinstance(oracle, ShownOracle):
                _overhear(ran, oracle, patch)
            asked = refused if any(rule.kind == "garble" for rule in ran.plan.rules) else None
            ran.witness = Witness(path, clock, run, oracle, ran.plan.every, asked)
            return ran.witness

        def refused(venue: str) -> int:
            return ran.counters(venue)["decode_errors"]

        patch.setattr("arb.sim.site.Conn", ran.sending.conn)
        patch.setattr(scanning, "Live", Live)
        patch.setattr("arb.app.taping.TapeWriter", witness)
        patch.setattr("fastpath.net.native.Random", lambda: Random(ran.plan.seed))
        patch.setattr(import_module("ccxt.base.exchange"), "time", time)
        patch.setattr(import_module("ccxt.async_support.base.throttler"), "time", time.time)
        yield


def _overhear(ran: Ran, oracle: ShownOracle, patch: pytest.MonkeyPatch) -> None:
    """Let the oracle hear what ccxt receives, at the moment at which ccxt reads it."""
    sockets = {urls.ws_url.rstrip("/"): venue for venue, urls in ran.sim.urls.items()}
    client = import_module("ccxt.async_support.base.ws.client").Client
    read = client.handle_message

    def handle_message(self: Any, message: Any) -> None:
        venue = sockets.get(str(self.url).rstrip("/"))
        if venue is not None and message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data = message.data.encode() if isinstance(message.data, str) else message.data
            now_ns = ran.clock.mono_ns()
            ran.witness.received.setdefault((venue, id(self)), []).append((hash(data), now_ns))
            oracle.hear(venue, id(self), data, now_ns)
        read(self, message)

    def dropping(ended: Any) -> Any:
        def end(self: Any, why: Any) -> None:
            venue = sockets.get(str(self.url).rstrip("/"))
            if venue is not None:
                oracle.hang_up(venue, id(self))
            ended(self, why)

        return end

    patch.setattr(client, "handle_message", handle_message)
    patch.setattr(client, "on_close", dropping(client.on_close))
    patch.setattr(client, "on_error", dropping(client.on_error))
    for venue in ran.sim.venues.values():
        patch.setattr(venue, "rest", _reported(venue, oracle, ran.clock))


def _reported(venue: SimVenue, oracle: ShownOracle, clock: ManualClock) -> Callable[[Request], Reply]:
    answer = venue.rest

    def rest(request: Request) -> Reply:
        reply = answer(request)
        if reply.status == 200 and request.path.endswith(("/depth", "/order_book")):
            oracle.hear_reply(venue.name, venue.symbol_of(request), reply.body, clock.mono_ns())
        return reply

    return rest
