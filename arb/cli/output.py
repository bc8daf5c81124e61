"""Lines of data on their way to stdout."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any, Protocol, TextIO

from loguru import logger

from arb.exhausted import survive

Text = Callable[[Any], str | bytes]

_LIMIT = 200_000  # lines that wait for a reader who does not read; later ones are lost, and counted


class Lines(Protocol):
    """`put` makes a line of a fact with `text` and sees that it is written; `close` waits until all are.

    Raises BrokenPipeError where nobody reads any more.
    """

    def put(self, text: Text, fact: object) -> None: ...

    def close(self) -> None: ...


class DirectLines:
    """Writes at once: for replays, which have no frames to miss meanwhile."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def put(self, text: Text, fact: object) -> None:
        self._stream.write(_line(text(fact)))

    def close(self) -> None:
        self._stream.flush()


class ThreadedLines:
    """Encodes and writes on a thread of its own: a slow reader never holds up the event loop.

    on_broken: called once, from that thread, when nobody reads any more.
    """

    def __init__(self, stream: TextIO, on_broken: Callable[[], None]) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._waiting: SimpleQueue[tuple[Text, object] | None] = SimpleQueue()
        self._error: Exception | None = None
        self._lost = 0
        self._thread = threading.Thread(target=self._run, name="stdout", daemon=True)
        self._thread.start()

    def put(self, text: Text, fact: object) -> None:
        if self._waiting.qsize() >= _LIMIT:
            self._lost += 1
        else:
            self._waiting.put((text, fact))

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._lost:
            logger.warning("{} lines were lost: whoever reads stdout is too slow", self._lost)

    def _run(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                text, fact = item
                self._stream.write(_line(text(fact)))
                if self._waiting.empty():
                    self._stream.flush()
            self._stream.flush()
        except Exception as exc:  # noqa: BLE001  the thread ends here; `close` raises it where it can be told
            survive(exc)
            self._error = exc
            self._on_broken()


@contextmanager
def threaded(stream: TextIO, stop: asyncio.Event) -> Iterator[ThreadedLines]:
    """Lines from the running event loop; `stop` is set where nobody reads them any more."""
    loop = asyncio.get_running_loop()

    def on_broken() -> None:
        loop.call_soon_threadsafe(stop.set)

    lines = ThreadedLines(stream, on_broken)
    try:
        yield lines
    finally:
        lines.close()


def _line(text: str | bytes) -> str:
    return f"{text if isinstance(text, str) else text.decode()}\n"
