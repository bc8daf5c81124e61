"""Traffic that is made has to be what the venues send: read by our codecs, chained, never crossed."""

from __future__ import annotations

import pytest

from arb.bench.traffic import Traffic
from arb.domain import BookDelta, BookSnapshot
from fastpath import gateio, mexc
from fastpath.wire import mexc_push


def seeds(module, traffic, codec):
    for name, body in traffic.seeds.items():
        if module is gateio:
            yield from codec.decode(body, 1, 1)
        else:
            yield codec.decode_snapshot(name, body, 1)


@pytest.mark.parametrize("module", [mexc, gateio], ids=["mexc", "gateio"])
def test_every_frame_is_the_next_update_of_its_symbol(module):
    traffic = Traffic(module.SPEC.name, 3, 100, seed=7)
    codec = module.Codec(traffic.natives)
    ids = {}
    for whole in seeds(module, traffic, codec):
        assert isinstance(whole, BookSnapshot)
        assert (len(whole.bids), len(whole.asks)) == (50, 50)
        assert max(whole.bids)[0] < min(whole.asks)[0]
        ids[whole.symbol] = whole.seq
    levels = []
    for frame in traffic.frames(300):
        (delta,) = codec.decode(frame, 1, 1)
        assert isinstance(delta, BookDelta)
        assert delta.first == ids[delta.symbol] + 1
        ids[delta.symbol] = delta.last
        levels.append(len(delta.bids) + len(delta.asks))
    assert len(ids) == 3
    assert 3.5 < sum(levels) / len(levels) < 5


def test_mexc_frames_have_the_layout_that_the_fast_reader_knows():
    traffic = Traffic("mexc", 2, 100, seed=7)
    for frame in traffic.frames(50):
        _, _, body, pos = mexc_push.header(frame)
        assert mexc_push.READERS[body](frame, pos)


def test_the_same_seed_makes_the_same_frames():
    assert Traffic("gateio", 2, 40, seed=1).frames(9) == Traffic("gateio", 2, 40, seed=1).frames(9)
    assert Traffic("gateio", 2, 40, seed=1).frames(9) != Traffic("gateio", 2, 40, seed=2).frames(9)
