"""Socket -> callback: three WebSocket clients and two event loops on the same frames from another process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import msgspec

from arb.bench.frames import Recording
from arb.bench.tried.socket_talk import Arrived, Asked
from arb.bench.tried.timing import Way
from arb.bench.wire.talk import Child, Play, Sent, child
from arb.errors import ArbError

RATE = 2_000
KEPT = ("picows", "uvloop")
KINDS = (("websockets", "uvloop"), ("aiohttp", "uvloop"), ("picows", "asyncio"), KEPT)

Do = Callable[[Play], Awaitable[tuple[Sent, Arrived]]]


def kinds() -> list[tuple[str, str]]:
    """(client, loop), as far as installed."""
    return [pair for pair in KINDS if all(name == "asyncio" or find_spec(name) is not None for name in pair)]


@asynccontextmanager
async def clients(recording: Recording) -> AsyncIterator[dict[str, Do]]:
    """By name. Player and clients have a core each where there are two."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    theirs, ours = (cores[0], cores[1]) if len(cores) >= 2 else (None, None)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="arb-bench-"))
        file = Path(folder) / "recording"
        file.write_bytes(msgspec.msgpack.encode(recording))
        player = await stack.enter_async_context(child("arb.bench.wire.player", str(file), core=theirs))
        port = await player.hear(int)
        measured = {
            loop: await stack.enter_async_context(child("arb.bench.tried.socket_child", loop, core=ours))
            for loop in dict.fromkeys(loop for _, loop in kinds())
        }
        yield {_name(client, loop): _doing(player, measured[loop], client, port) for client, loop in kinds()}


def saturated(found: dict[str, Do], frames: int) -> list[Way]:
    """CPU of the client's process, a frame, as fast as the socket takes them."""

    async def play(do: Do) -> float:
        _, arrived = await do(Play(frames, stamps=False))
        return arrived.cpu_ns / frames / 1e3

    return _ways(found, play)


def paced(found: dict[str, Do], frames: int) -> list[Way]:
    """From just before the write to the callback, median of the frames, at 2,000/s."""

    async def play(do: Do) -> float:
        sent, arrived = await do(Play(frames, RATE))
        return median(at - left for left, at in zip(sent.at_ns, arrived.at_ns, strict=True)) / 1e3

    return _ways(found, play)


def _ways(found: dict[str, Do], play: Callable[[Do], Awaitable[float]]) -> list[Way]:
    return [
        Way(name, lambda do=do: play(do), kept=name == _name(*KEPT))  # type: ignore[misc]  # lambdas have no types
        for name, do in found.items()
    ]


def _name(client: str, loop: str) -> str:
    return f"{client} on {loop}"


def _doing(player: Child, measured: Child, client: str, port: int) -> Do:
    async def do(play: Play) -> tuple[Sent, Arrived]:
        play = msgspec.structs.replace(play, port=port)
        measured.say(Asked(client, play))
        await measured.hear(bool)
        player.say(play)
        sent, arrived = await player.hear(Sent), await measured.hear(Arrived)
        if play.stamps and len(arrived.at_ns) != len(sent.at_ns):
            raise ArbError(f"{len(arrived.at_ns)} of {len(sent.at_ns)} frames arrived")
        return sent, arrived

    return do
