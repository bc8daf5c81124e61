"""Books of a venue that ccxt cannot stream: asked for again and again, politely."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from adapters.ccxt_client import Client, ignore
from adapters.ccxt_stream import REFUSED_S, Wiring, words
from arb.domain import Symbol
from arb.errors import Rejected
from arb.supervise import Up, supervise

EVERY_S = 1.0  # at most; more rarely where the venue's rate does not allow it
SHARE = 0.5  # of the rate that ccxt thinks the venue allows


class Poller:
    """One client, one task for each symbol; ccxt spaces their requests."""

    def __init__(self, wiring: Wiring, symbols: Sequence[Symbol]) -> None:
        self._wiring = wiring
        self._symbols = symbols
        self._round = 0

    def restart(self, why: str) -> None:
        """Every book is lost now, and so is what was asked for before."""
        self._round += 1
        for symbol in self._symbols:
            self._wiring.outlet.lost(symbol, why)

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed where the venue shows its books to key holders only."""
        client = await self._wiring.open(ignore)
        every_s = max(EVERY_S, len(self._symbols) * client.exchange.rateLimit / 1000.0 / SHARE)
        try:
            self._wiring.listings.tell(client.exchange, self._symbols)
            async with asyncio.TaskGroup() as group:
                for symbol in self._symbols:
                    group.create_task(self._follow(client, symbol, every_s))
        finally:
            await client.close()

    async def _follow(self, client: Client, symbol: Symbol, every_s: float) -> None:
        wiring = self._wiring

        async def poll(up: Up) -> None:
            while True:
                limit, asked = wiring.limits.current, self._round
                try:
                    raw = await client.exchange.fetch_order_book(symbol, limit)
                except Exception as exc:  # noqa: BLE001  the border: everything foreign ends here
                    error = wiring.translate(exc, client)
                    if not isinstance(error, Rejected):
                        raise error from None
                    if not wiring.limits.refused(limit, str(exc)):
                        wiring.refused(symbol, error)
                        await wiring.sleep(REFUSED_S)
                    continue
                if asked != self._round:
                    continue  # an answer of that time
                wiring.outlet.book(symbol, raw)
                wiring.limits.worked()
                wiring.works()
                up()
                await wiring.sleep(every_s)

        def lost(failure: Exception | None) -> None:
            wiring.failed(failure)
            if not wiring.outlet.lost(symbol, words(failure)) and failure is not None:
                wiring.tell(wiring.translate(failure))

        await supervise(poll, lost, sleep=wiring.sleep, rng=wiring.rng)
