"""One start, timed from inside: what `arb scan` does up to its first decision, with the real pieces in its order.

Run as a file, it reads `Wanted` from standard input and answers with `Reached`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import monotonic_ns

import msgspec


class Wanted(msgspec.Struct, frozen=True):
    """urls: venue -> (REST, WebSocket).   cache: folder of the static facts."""

    urls: dict[str, tuple[str, str]]
    cache: str


class Reached(msgspec.Struct, frozen=True):
    """Moments of this machine's monotonic clock, ns.   asked, known: the metadata phase."""

    imported: int
    asked: int
    known: int
    live: int
    decided: int


async def start(wanted: Wanted) -> Reached:
    from arb.app.factories import Factories
    from arb.app.scanners import make_scanner
    from arb.app.scanning import Live, facts, select
    from arb.app.simulating import Environment
    from arb.app.status import Counted
    from arb.books import Books
    from arb.clock import SystemClock
    from arb.config import CacheConfig, ScanConfig, Settings, VenueConfig
    from arb.cursor import Cursor
    from arb.domain import BookChange, BookState, Opportunity

    imported = monotonic_ns()
    live_ns = 0
    decided: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def changed(change: BookChange) -> None:
        nonlocal live_ns
        if not live_ns and change.state is BookState.LIVE:
            live_ns = monotonic_ns()

    settings = Settings(
        exchanges={name: VenueConfig(rest_url=rest, ws_url=ws) for name, (rest, ws) in wanted.urls.items()},
        scan=ScanConfig(audit_s=0.0),
        cache=CacheConfig(dir=wanted.cache),
    )
    clock = SystemClock()
    world = Environment(settings, {})
    factories = Factories(world, clock)
    try:
        asked = monotonic_ns()
        statics = await facts(factories, world, clock)
        known = monotonic_ns()
        markets = select(statics, settings.scan.symbols, least_venues=2)
        books = Books(changed)
        scanner = make_scanner(settings, statics, markets, books, clock, False)
        decides = scanner.on_dirty

        class Timed:
            """The scanner, but for the moment of its first answer."""

            on_timer = scanner.on_timer
            finish = scanner.finish

            def on_dirty(self, books: Sequence[Cursor], now_ns: int) -> list[Opportunity]:
                found = decides(books, now_ns)
                if live_ns and not decided.done():
                    decided.set_result(monotonic_ns())
                return found

        async def until_decided() -> str:
            await decided
            return "decided"

        counted = Counted("scan", None, books, scanner, clock)
        live = Live(settings, factories, markets, books=books, scanner=Timed(), counted=counted, clock=clock, tape=None)
        await live.run(until_decided)
    finally:
        await factories.close()
    return Reached(imported, asked, known, live_ns, decided.result())


def main() -> None:
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted)
    try:
        import uvloop
    except ImportError:  # not made for Windows
        reached = asyncio.run(start(wanted))
    else:
        reached = uvloop.run(start(wanted))
    sys.stdout.buffer.write(msgspec.json.encode(reached) + b"\n")


if __name__ == "__main__":
    main()
