"""The process that `arb bench evenness` measures: our own client of `arb bench wire`, among many live objects.

`python -m arb.bench.evenness_client HOW FILE`, HOW one of `KINDS`, answers first with the `Pauses` that a full
collection costs there, then as the clients of `wire` do.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from contextlib import nullcontext
from pathlib import Path
from time import perf_counter_ns

import msgspec

from arb.bench.frames import Recording
from arb.bench.wire import as_native
from arb.bench.wire.clients import measure
from arb.bench.wire.talk import Play, answer, lines

FROZEN, UNTOUCHED = "frozen", "untouched"
KINDS = (FROZEN, UNTOUCHED)
LIVE = 150_000  # objects that the collector follows, beside the program's own


class Pauses(msgspec.Struct, frozen=True):
    """µs that a full collection takes with nothing frozen, and once everything is."""

    whole: float
    frozen: float


def live(count: int) -> list[list[int]]:
    return [[n] for n in range(count)]


def pauses() -> Pauses:
    gc.collect()
    whole = _pause()
    gc.freeze()
    frozen = _pause()
    gc.unfreeze()
    return Pauses(whole, frozen)


def _pause() -> float:
    before = perf_counter_ns()
    gc.collect()
    return (perf_counter_ns() - before) / 1e3


async def serve(how: str, recording: Recording) -> None:
    kept = live(LIVE)
    answer(pauses())
    if how == UNTOUCHED:
        vars(as_native)["settled"] = nullcontext  # the one thing that is different
    told = await lines()
    while line := await told.readline():
        taken = await measure(as_native.opens, recording, msgspec.json.decode(line, type=Play))
        answer(taken)
    assert len(kept) == LIVE  # alive until here


def main(how: str, file: str) -> None:
    made = msgspec.msgpack.decode(Path(file).read_bytes(), type=Recording)
    try:
        import uvloop
    except ImportError:  # not made for Windows
        asyncio.run(serve(how, made))
    else:
        uvloop.run(serve(how, made))


if __name__ == "__main__":
    main(*sys.argv[1:])
