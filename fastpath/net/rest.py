"""HTTP of one venue: requests as values in, bodies out, foreign errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from random import Random
from ssl import create_default_context

import aiohttp
from yarl import URL

from arb.breaker import Breaker
from arb.domain import VenueId
from arb.errors import Cause, OutcomeUnknown, ProtocolError, Transient, VenueError
from arb.interfaces import Clock, Request
from arb.supervise import Sleep, backoff
from fastpath.net.ban import BANNED, Ban
from fastpath.net.pacing import SECOND_NS

MAX_BODY = 64 << 20  # bytes; the largest answers known (all instruments of a venue) have a few million
CONNECT_S = 5.0
KEEPALIVE_S = 60.0  # seeds come in bursts; a connection kept in between saves a handshake
CONNECTIONS = 8
RETRY_FIRST_S, RETRY_CAP_S = 0.2, 2.0
PATIENCE_S = 1.0  # whoever is told to wait longer than this hears of it instead
LONGEST_BAN_S = 3 * 86_400.0  # MEXC's longest (HTTP 418); anything above is a header nobody meant

_HEADERS = {"Accept": "application/json", "User-Agent": "arb"}


class Rest:
    """One keep-alive session. The only thing it knows about the venue is how to read its refusals.

    base_url: where `Request.path` is appended.   decode_error: status and body of a refusal -> one of our errors.
    timeout_s: for a whole call, connecting included.   max_body: bytes of an answer, decompressed.
    ban: shared with the venue's private side.
    Counts requests, and the connections opened and reused for them.
    """

    def __init__(
        self,
        venue: VenueId,
        base_url: str,
        decode_error: Callable[[int, bytes], Exception],
        *,
        clock: Clock,
        sleep: Sleep,
        rng: Random,
        breaker: Breaker | None = None,
        timeout_s: float = 5.0,
        max_body: int = MAX_BODY,
        ban: Ban | None = None,
    ) -> None:
        self.venue = venue
        self.base_url = base_url.rstrip("/")
        self._decode_error = decode_error
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._breaker = Breaker() if breaker is None else breaker
        self._timeout_s = timeout_s
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._ban = Ban() if ban is None else ban
        self._closed_ns = 0  # no call before
        self._requests = self._opened = self._reused = self._limited = 0

    @property
    def counters(self) -> Mapping[str, int]:
        """rest_reused ÷ (rest_opened + rest_reused) is the share of calls that found a warm connection."""
        return {
            "rest_requests": self._requests,
            "rest_opened": self._opened,
            "rest_reused": self._reused,
            "rest_limited": self._limited,
            "rest_bans": self._ban.count,
        }

    def url(self, request: Request) -> str:
        return self.base_url + request.path

    async def send(self, request: Request, *, timeout_s: float | None = None) -> bytes:
        """One attempt: the body of a 2xx answer.

        Raises Transient where nothing reached the venue, nothing was asked to change (GET) or the venue says so, and
        without a call for as long as the venue has asked for a pause;
        OutcomeUnknown where another request was sent and its answer is lost; what `decode_error` makes of a refusal;
        ProtocolError for an answer beyond `max_body`.
        """
        now_ns = self._clock.mono_ns()
        if self._closed:
            raise Transient(self.venue, "the session is closed")
        left_ns = max(self._closed_ns - now_ns, self._ban.left_ns(now_ns))
        if left_ns > 0:
            left_s = left_ns / SECOND_NS
            why = f"not called: the venue asked for a pause of another {left_s:.1f} s"
            raise Transient(self.venue, why, left_s, cause=Cause.RATE_LIMIT)
        if not self._breaker.allows(now_ns):
            wait_s = self._breaker.wait_ns(now_ns) / SECOND_NS
            raise Transient(self.venue, "not called: it failed too often just now", wait_s)
        self._requests += 1
        try:
            body = await self._exchange(request, self._timeout_s if timeout_s is None else timeout_s)
        except VenueError as error:
            failed = isinstance(error, Transient | OutcomeUnknown)
            self._breaker.record(not failed, self._clock.mono_ns(), error.message)
            raise
        self._breaker.record(True, self._clock.mono_ns())
        return body

    async def get(self, request: Request, *, timeout_s: float | None = None, retries: int = 2) -> bytes:
        """Like `send`, but a Transient failure of a GET is tried again, up to `retries` times.

        Not when the venue asks for a longer wait than a caller should sit through: that is the caller's decision.
        """
        if request.method != "GET":
            raise ValueError(f"{request.method} is not repeatable")
        for delay_s in islice(backoff(self._rng, RETRY_FIRST_S, RETRY_CAP_S), retries):
            try:
                return await self.send(request, timeout_s=timeout_s)
            except Transient as error:
                if error.retry_after_s > PATIENCE_S:
                    raise
                await self._sleep(max(delay_s, error.retry_after_s))
        return await self.send(request, timeout_s=timeout_s)

    async def warm(self) -> None:
        """Open a connection before it is needed. Whatever the venue answers will do; that it fails is no error yet."""
        with suppress(VenueError):
            await self.send(Request("HEAD", "/"))

    async def close(self) -> None:
        """Give back the sockets; safe to call twice."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: Request, timeout_s: float) -> bytes:
        try:
            async with self._opened_session().request(
                request.method,
                URL(self.url(request), encoded=True),  # as the codec wrote it: a signature covers these very bytes
                headers=dict(request.headers),
                data=request.body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_S, timeout_s)),
            ) as response:
                body = await self._body(response)
        except (aiohttp.ClientError, OSError) as exc:  # a TimeoutError is an OSError
            raise self._lost(request, exc) from exc
        if 200 <= response.status < 300:
            return body
        error = self._decode_error(response.status, body)
        if isinstance(error, Transient):
            asked_s = _seconds(response.headers.get("Retry-After", ""))
            error.retry_after_s = asked_s or error.retry_after_s  # its own word is better than what we assume
            self._heed(response.status, error)
        raise error

    def _heed(self, status: int, error: Transient) -> None:
        """Who calls too often is not answered for a while, and better does not call."""
        if status not in (BANNED, 429) and error.cause is not Cause.RATE_LIMIT:
            return
        self._limited += 1
        now_ns = self._clock.mono_ns()
        if status == BANNED:
            self._ban.begin(error.retry_after_s, now_ns)
        self._closed_ns = max(self._closed_ns, now_ns + round(error.retry_after_s * SECOND_NS))

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > self._max_body:
                raise ProtocolError(self.venue, f"an answer of more than {self._max_body} bytes", bytes(body[:120]))
        return bytes(body)

    def _lost(self, request: Request, exc: Exception) -> VenueError:
        text = f"{request.method} {request.path.partition('?')[0]}: {str(exc) or type(exc).__name__}"
        never_sent = isinstance(exc, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
        if request.method in ("GET", "HEAD") or never_sent:
            return Transient(self.venue, text)
        return OutcomeUnknown(self.venue, text)

    def _opened_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_end.append(self._on_opened)
            trace.on_connection_reuseconn.append(self._on_reused)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS,
                    keepalive_timeout=KEEPALIVE_S,
                    ssl=create_default_context() if self.base_url.startswith("https:") else True,
                ),
                headers=_HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._session

    async def _on_opened(self, *_args: object) -> None:
        self._opened += 1

    async def _on_reused(self, *_args: object) -> None:
        self._reused += 1


def _seconds(text: str) -> float:
    """A Retry-After header in seconds; 0 for none or for a date (no venue here sends one)."""
    return min(float(text), LONGEST_BAN_S) if text.isascii() and text.isdigit() else 0.0
