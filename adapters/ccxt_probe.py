"""Any venue of ccxt asked before a run: its clock, and what it tells of the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.ccxt_client import Client, ClientSettings, Opener, ignore
from adapters.ccxt_errors import translate, translated
from adapters.ccxt_rights import CALLS
from arb.domain import VenueId
from arb.errors import AuthFailed, Cause, ProtocolError, VenueError
from arb.interfaces import KeyRights

_PORTS = {"https": 443, "http": 80}


class CcxtProbe:
    """A Probe. Imports ccxt when it is first asked something."""

    def __init__(self, venue: VenueId, settings: ClientSettings) -> None:
        self.venue = venue
        self._settings = settings
        self._redact = settings.redactor()
        self._open = Opener(settings)
        self._client: Client | None = None

    async def address(self) -> tuple[str, int]:
        exchange: Any = (await self._opened()).exchange
        hostname = str(getattr(exchange, "hostname", "") or "")
        url = next(_texts(exchange.urls.get("api")), "").replace("{hostname}", hostname)
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 443)

    async def venue_ns(self) -> int:
        """Raises ProtocolError where ccxt knows no such call of the venue."""
        client = await self._opened()
        exchange: Any = client.exchange
        if not exchange.has.get("fetchTime"):
            raise ProtocolError(self.venue, "ccxt knows no call for its time")
        with translated(self.venue, self._redact, lambda: client.retry_after_s):
            return int(await exchange.fetch_time()) * 1_000_000

    async def rights(self) -> KeyRights:
        """A call that is not for this key tells nothing; that all of them fail, or the key does, is raised."""
        client = await self._opened()
        rights: KeyRights | None = None
        failure: VenueError | None = None
        for name, read in CALLS.get(self._settings.ccxt_id, ()):
            try:
                told = read(await getattr(client.exchange, name)(), self._settings.api_key)
                rights = told if rights is None else rights.joined(told)
            except (LookupError, TypeError, ValueError, AttributeError) as exc:
                failure = ProtocolError(self.venue, f"{name}: an answer of another shape ({type(exc).__name__})")
            except Exception as exc:  # foreign; told to a person
                error = translate(self.venue, exc, self._redact, client.retry_after_s)
                if not isinstance(error, VenueError):
                    raise
                if isinstance(error, AuthFailed) and error.cause is Cause.KEY:
                    raise error from exc
                failure = failure or error
        if rights is None and failure is not None:
            raise failure
        return rights or KeyRights()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        await self._open.close()

    async def _opened(self) -> Client:
        if self._client is None:
            self._client = await self._open(ignore)
        return self._client


def _texts(node: Any) -> Iterator[str]:
    """Every HTTP address within ccxt's nested table of them."""
    if isinstance(node, str):
        if node.startswith("http"):
            yield node
    elif isinstance(node, Mapping):
        for inner in node.values():
            yield from _texts(inner)
