"""`arb exchanges` and `arb markets`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from arb.cli.codes import INTERRUPTED, OK
from arb.cli.desk import Desk
from arb.cli.running import run_until_stopped
from arb.cli.setup import Ready, prepare
from arb.cli.views.text import NONE, decimal
from arb.config import Options
from arb.rows import ExchangeRow, MarketRow, SimOptions
from arb.schema import exchange_line, market_line

_EXCHANGE_COLUMNS = ("name", "path", "stream", "feeds", "aliases")
_MARKET_COLUMNS = (
    "symbol", "venue", "native", "tick", "step", "min_qty", "min_notional", "taker", "maker", "fee_from", "tradable",
)  # fmt: skip


class Exchanges(msgspec.Struct, frozen=True):
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        rows = desk.app.exchanges()
        if self.jsonl:
            for row in rows:
                desk.line(exchange_line(row).decode())
        else:
            _print(desk, _EXCHANGE_COLUMNS, map(_exchange, rows))
        return OK


class Markets(msgspec.Struct, frozen=True):
    patterns: tuple[str, ...]
    config: Path | None
    exchanges: list[str] | None
    options: Options
    sim: SimOptions | None
    jsonl: bool

    def __call__(self, desk: Desk) -> int:
        ready = prepare(
            desk, config=self.config, exchanges=self.exchanges, options=self.options, sim=self.sim is not None
        )
        rows, interrupted = run_until_stopped(partial(self._run, desk, ready))
        if interrupted:
            return INTERRUPTED
        if self.jsonl:
            for row in rows:
                desk.line(market_line(row).decode())
        else:
            _print(desk, _MARKET_COLUMNS, map(_market, rows))
        return OK

    async def _run(self, desk: Desk, ready: Ready, stop: asyncio.Event) -> Sequence[MarketRow]:
        """Nothing here is worth finishing once somebody says stop."""
        reading = asyncio.ensure_future(
            desk.app.markets(
                ready.settings,
                credentials=ready.credentials,
                clock=desk.clock,
                patterns=self.patterns,
                sim=self.sim,
            )
        )
        stopped = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((reading, stopped), return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else ()
        finally:
            reading.cancel()
            stopped.cancel()
            await asyncio.gather(reading, stopped, return_exceptions=True)


def _exchange(row: ExchangeRow) -> tuple[str, ...]:
    path = " + ".join(name for name, has in (("native", row.native), ("ccxt", row.ccxt)) if has)
    return (
        row.name,
        path,
        "yes" if row.stream else "polled",
        " ".join(row.feeds) or NONE,
        " ".join(row.aliases) or NONE,
    )


def _market(row: MarketRow) -> tuple[str, ...]:
    market = row.market
    sides = [name for name, has in (("buy", market.buyable), ("sell", market.sellable)) if has]
    tradable = "+".join(sides) if sides else f"no: {market.why}" if market.why else "no"
    return (
        market.symbol,
        market.venue,
        market.native,
        decimal(market.tick),
        decimal(market.step),
        decimal(market.min_qty),
        decimal(market.min_notional),
        decimal(row.taker),
        decimal(row.maker),
        row.fee_source or NONE,
        tradable,
    )


def _print(desk: Desk, columns: Sequence[str], rows: Iterable[tuple[str, ...]]) -> None:
    """Columns of plain text, their names first: for eyes, grep and awk alike."""
    lines = [tuple(columns), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        desk.line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
