"""One sink's messages: put together, spaced out, tried again, and dropped where nothing helps."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from random import Random

import httpx
import msgspec
from loguru import logger

from adapters.alert_sinks import Line, Sink
from adapters.alert_words import Alert
from arb.bounded import UNREADABLE
from arb.interfaces import Clock
from arb.supervise import Sleep, backoff

MOST_WAITING = 200  # different alerts; what comes beyond is only counted
MOST_LINES = 20  # of one message
ATTEMPTS = 4
FIRST_S, CAP_S = 1.0, 30.0
LONGEST_S = 3_600.0  # a sink that wants to be left alone for longer is asked again all the same
MOST_BODY = 16 << 10  # bytes of a refusal
_NS = 1_000_000_000
_PLAIN = {"Accept-Encoding": "identity"}


class _Parameters(msgspec.Struct, frozen=True):
    retry_after: float = 0.0


class _Refusal(msgspec.Struct, frozen=True):
    parameters: _Parameters = _Parameters()


_refusal = msgspec.json.Decoder(_Refusal)


class Post:
    """`put` at any time; `run` sends until cancelled; `flush` afterwards sends what is left, once."""

    def __init__(self, sink: Sink, every_s: float, clock: Clock, sleep: Sleep, rng: Random) -> None:
        self._sink = sink
        self._every_s = every_s
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._waiting: dict[str, Line] = {}
        self._left_out = 0
        self._sending: dict[str, Line] = {}  # taken and not known to have arrived
        self._news = asyncio.Event()
        self._not_before_ns = 0
        self._warned = False

    def put(self, alert: Alert) -> None:
        before = self._waiting.get(alert.key)
        if before is None and len(self._waiting) >= MOST_WAITING:
            self._left_out += 1
            return
        self._waiting[alert.key] = Line(alert.kind, alert.text, before.count + 1 if before is not None else 1)
        self._news.set()

    async def run(self, client: httpx.AsyncClient) -> None:
        while True:
            await self._news.wait()
            await self._deliver(client)
            await self._sleep(self._every_s)

    async def flush(self, client: httpx.AsyncClient) -> None:
        """Nothing is waited for. What was under way may arrive twice: better than not at all."""
        while (self._sending or self._waiting) and self._clock.mono_ns() >= self._not_before_ns:
            self._take()
            if await self._post(client):
                return
            self._sending = {}

    async def _deliver(self, client: httpx.AsyncClient) -> None:
        self._take()
        delays = backoff(self._rng, FIRST_S, CAP_S)
        trouble = ""
        for attempt in range(ATTEMPTS):
            asked_s = (self._not_before_ns - self._clock.mono_ns()) / _NS
            wait_s = max(asked_s, next(delays) if attempt else 0.0)
            if wait_s > 0.0:
                await self._sleep(wait_s)
            trouble = await self._post(client)
            if not trouble:
                self._warned = False
                break
            if trouble.startswith("refused"):
                break
        if trouble and not self._warned:
            self._warned = True  # once until it works again
            logger.warning("alerts to {} are dropped: {}", self._sink.name, trouble)
        self._sending = {}

    def _take(self) -> None:
        for key in list(self._waiting)[: MOST_LINES - len(self._sending)]:
            self._sending[key] = self._waiting.pop(key)
        if not self._waiting:
            self._news.clear()

    async def _post(self, client: httpx.AsyncClient) -> str:
        """What went wrong, without a word of the address; "" where nothing did."""
        left_out, self._left_out = self._left_out, 0
        try:
            message = self._sink.body(tuple(self._sending.values()), left_out)
            async with client.stream("POST", self._sink.address, json=message, headers=_PLAIN) as answer:
                said = b"" if answer.is_success else await _beginning(answer)
        except httpx.HTTPError as exc:
            self._left_out += left_out
            return type(exc).__name__
        if answer.is_success:
            return ""
        self._left_out += left_out
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
            wait_s = min(LONGEST_S, retry_after_s(answer, said, self._clock.wall_ns()))
            self._not_before_ns = self._clock.mono_ns() + int(wait_s * _NS)
            return f"status {answer.status_code}"
        return f"refused with status {answer.status_code}"


async def _beginning(answer: httpx.Response) -> bytes:
    """As much of a refusal as says when to come back, as it came: what is packed all the same is not unpacked."""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) >= MOST_BODY:
            break
    return bytes(body)


def retry_after_s(answer: httpx.Response, body: bytes, wall_ns: int) -> float:
    """How long a sink wants to be left alone, by its header in either form or Telegram's body; 0: it does not say."""
    header = answer.headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        if header:
            return max(0.0, parsedate_to_datetime(header).timestamp() - wall_ns / _NS)
        return max(0.0, _refusal.decode(body).parameters.retry_after)
    except (*UNREADABLE, OverflowError, TypeError):  # the last two: a date of no calendar
        return 0.0
