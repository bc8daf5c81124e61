"""The bench of the tape: both ways write every frame, and each measurement is of its own thread."""

from __future__ import annotations

import zlib
from pathlib import Path

import msgspec
import pytest

from arb.bench import tape
from arb.bench.tape import PATHS, READS, measured, tape_lines
from arb.domain import VenueId
from arb.tape import Kind, Record, TapeReader
from fastpath import mexc

FRAMES = [b"frame %d" % n for n in range(1_000)]


async def test_one_run_prints_both_ways() -> None:
    report = await tape.run(1, modules=[mexc], frames=300)
    (result,) = report.results
    assert [(path.name, path.read) for path in result.paths] == [(name, read) for read in READS for name in PATHS]
    for path in result.paths:
        assert path.loop_us > 0
        assert 0 < path.bytes < result.size
    text = "\n".join(tape_lines(report))
    assert text.count("as it was") == len(READS)


@pytest.mark.parametrize("read", READS)
def test_both_ways_write_the_same_story(tmp_path: Path, read: int) -> None:
    told = []
    for name, make in PATHS.items():
        path = tmp_path / name
        loop_us, _ = measured(make(path), VenueId("v"), FRAMES, read)
        assert loop_us > 0
        told.append(list(TapeReader(path)) if name == "tape" else _old(path.read_bytes()))
    assert told[0] == told[1]
    assert [record.data for record in told[0] if record.kind is Kind.FRAME] == FRAMES
    assert sum(record.kind is Kind.IDLE for record in told[0]) == len(FRAMES) // read


def _old(data: bytes) -> list[Record]:
    records: list[Record] = []
    while data:
        size = int.from_bytes(data[:4], "little")
        records += msgspec.msgpack.decode(zlib.decompress(data[8 : 8 + size]), type=list[Record])
        data = data[8 + size :]
    return records
