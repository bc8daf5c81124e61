import pytest
from arb.domain import *
from tests.contract.venues import *
from tests.contract.following import *

@every(COLUMNS)
@pytest.mark.parametrize("depth", list(Depth), ids=lambda d: d.name.lower())
async def test_conv(column, depth):
    async with world(column) as made, following(made, depth) as run:
        n = {Depth.FULL: 100}.get(depth, int(depth))
        await run.converge(n)
        await made.turn(500)
        await run.converge(n)
        print(column, depth, run.data.feed.name, [type(e).__name__ for e in run.events[:8]], dict(run.data.counters))
        b = run.book(run.symbols[0]); bb=b.live(made.clock.mono_ns(), AGE_NS)
        print("levels", len(bb.bids(9999)), len(bb.asks(9999)), made.errors)
        print([ (e.exch_ns, e.recv_ns, e.conn, e.seq) for e in run.of(BookSnapshot)][:3])
        print("conns", made.ws.inside, made.ws.entered, made.rest.inside, made.rest.entered)
