"""Tells people what must not be missed. An observer: it never waits, and nothing that a sink does reaches the flow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from random import Random

import httpx
import msgspec
from loguru import logger

from adapters.alert_post import Post
from adapters.alert_sinks import Sink, sinks_from
from adapters.alert_words import Alert, alert_of
from arb.config import AlertsConfig
from arb.domain import PrivateDown, PrivateUp, VenueId
from arb.exhausted import survive
from arb.interfaces import Clock
from arb.supervise import Sleep
from arb.units import plain_float

LOST_NS = 5_000_000_000  # a private side that is back sooner was only a reconnect
LOOK_S = 1.0
TIMEOUT_S = 10.0
FLUSH_S = 5.0
_NS = 1_000_000_000


class _Loss(msgspec.Struct):
    since_ns: int
    reason: str
    told: bool = False


class Alerts:
    """An Observer. sinks: at least one.   `run` is its own task; what is told before it runs waits for it.

    A sink gets one message in `every_s`, which holds all that came meanwhile. flush_s: what stopping may take.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        config: AlertsConfig,
        clock: Clock,
        sleep: Sleep,
        rng: Random,
        *,
        flush_s: float = FLUSH_S,
    ) -> None:
        self._posts = tuple(Post(sink, config.every_s, clock, sleep, rng) for sink in sinks)
        self._names = tuple(sink.name for sink in sinks)
        self._on = frozenset[str](config.on)
        self._clock = clock
        self._sleep = sleep
        self._flush_s = flush_s
        self._losses: dict[VenueId, _Loss] = {}

    @property
    def sinks(self) -> tuple[str, ...]:
        return self._names

    def on_fact(self, fact: object) -> None:
        if isinstance(fact, PrivateDown):
            self._losses.setdefault(fact.venue, _Loss(fact.recv_ns, fact.reason))
        elif isinstance(fact, PrivateUp):
            loss = self._losses.pop(fact.venue, None)
            if loss is not None and loss.told:
                away = plain_float(round((fact.recv_ns - loss.since_ns) / _NS, 1))
                self._put(Alert("private_lost", f"back {fact.venue}", f"{fact.venue} is back after {away} s"))
        else:
            alert = alert_of(fact)
            if alert is not None:
                self._put(alert)

    async def run(self) -> None:
        """Until cancelled; then what is queued is sent once more, for `flush_s` at most."""
        logging.getLogger("httpx").addFilter(_nothing)  # it logs every request with its address
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            tasks = [asyncio.create_task(self._guarded(post.run(client))) for post in self._posts]
            tasks.append(asyncio.create_task(self._guarded(self._watch())))
            try:
                await asyncio.gather(*tasks)
            finally:
                await _end(tasks)
                flushes = [asyncio.create_task(self._guarded(post.flush(client))) for post in self._posts]
                await asyncio.wait(flushes, timeout=self._flush_s)
                await _end(flushes)

    async def _watch(self) -> None:
        while True:
            await self._sleep(LOOK_S)
            now_ns = self._clock.mono_ns()
            for venue, loss in self._losses.items():
                if not loss.told and now_ns - loss.since_ns >= LOST_NS:
                    loss.told = True
                    lost = f"the private side of {venue} is lost: {loss.reason}"
                    self._put(Alert("private_lost", f"lost {venue}", lost))

    def _put(self, alert: Alert) -> None:
        if alert.kind in self._on:
            for post in self._posts:
                post.put(alert)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as exc:  # noqa: BLE001  a task of ours ends here: the others and the engine go on
            survive(exc)
            logger.warning("a part of the alerts has ended: {}", type(exc).__name__)  # its text may hold an address


def alerts_from(environ: Mapping[str, str], config: AlertsConfig, clock: Clock, sleep: Sleep) -> Alerts | None:
    """None where there is nobody to tell or nothing to tell of. Raises ConfigError."""
    sinks = sinks_from(environ)
    return Alerts(sinks, config, clock, sleep, Random()) if sinks and config.on else None


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _nothing(_record: logging.LogRecord) -> bool:
    return False
