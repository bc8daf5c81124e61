"""Keeps something drawn on a terminal while a run goes on. Drawing happens on a thread, never on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from threading import Lock

from loguru import logger
from rich.console import Console, RenderableType
from rich.live import Live

from arb.cli.desk import Desk
from arb.exhausted import survive
from arb.supervise import minded

Picture = Callable[[Console], RenderableType]


def console_of(desk: Desk) -> Console:
    return Console(file=desk.stdout, no_color=not desk.color, highlight=False)


@asynccontextmanager
async def drawn(
    desk: Desk, every_s: float, picture: Picture, refresh: Callable[[], None] = lambda: None
) -> AsyncIterator[None]:
    """Draws `picture` every `every_s` seconds until the block ends, and once more then.

    refresh: called on the loop before each drawing, to take what changes there.
    """
    console = console_of(desk)
    with Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=desk.stderr.isatty()) as live:
        canvas = _Canvas(live, console, picture)
        task = asyncio.create_task(_keep_drawing(canvas, every_s, refresh))
        minded(task, lambda exc: logger.error("the live view failed and is not drawn any more: {!r}", exc))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            canvas.draw()


async def _keep_drawing(canvas: _Canvas, every_s: float, refresh: Callable[[], None]) -> None:
    while True:
        refresh()
        await asyncio.to_thread(canvas.draw)
        await asyncio.sleep(every_s)


class _Canvas:
    """One drawing at a time, so that the last one is on top."""

    def __init__(self, live: Live, console: Console, picture: Picture) -> None:
        self._live = live
        self._console = console
        self._picture = picture
        self._lock = Lock()
        self._broken = False

    def draw(self) -> None:
        with self._lock:
            if self._broken:
                return
            try:
                self._live.update(self._picture(self._console), refresh=True)
            except Exception as exc:  # noqa: BLE001  a picture that fails must not end what it shows
                survive(exc)
                self._broken = True
                logger.error("the live view failed and is not drawn any more: {!r}", exc)
