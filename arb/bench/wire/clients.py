"""The process that is measured: one kind of client, connected anew for each `Play`.

`python -m arb.bench.wire.clients KIND FILE` answers each `Play` with `true` once it listens, and with `Taken` once
every frame has been dealt with. Kinds: native, pure (the same without the compiled core), picows, websockets, ccxt,
cryptofeed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from time import process_time_ns
from typing import Protocol

import msgspec

from arb.app.spinning import spinning
from arb.bench.frames import Recording
from arb.bench.wire.talk import Play, Taken, answer, lines

Told = Callable[[], None]


class Client(Protocol):
    """ready: connected and listening.   done: every frame of the play has reached its end."""

    async def ready(self) -> None: ...

    async def done(self) -> None: ...

    async def close(self) -> None: ...

    def taken(self, cpu_ns: int) -> Taken: ...


Opens = Callable[[Recording, Play], Awaitable[Client]]


async def measure(opens: Opens, recording: Recording, play: Play) -> Taken:
    client = await opens(recording, play)
    try:
        await client.ready()
        with spinning(play.spin):
            before = process_time_ns()
            answer(True)
            await client.done()
            return client.taken(process_time_ns() - before)
    finally:
        await client.close()


async def serve(kind: str, recording: Recording) -> None:
    opens: Opens = import_module(f"arb.bench.wire.as_{'native' if kind == 'pure' else kind}").opens
    told = await lines()
    while line := await told.readline():
        answer(await measure(opens, recording, msgspec.json.decode(line, type=Play)))


def main(kind: str, file: str) -> None:
    made = msgspec.msgpack.decode(Path(file).read_bytes(), type=Recording)
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(serve(kind, made))
    else:
        uvloop.run(serve(kind, made))


if __name__ == "__main__":
    main(*sys.argv[1:])
