"""A tick to the order at its venue: one short run, what counts as an order's bytes, and what is no figure."""

from __future__ import annotations

import pytest

from arb.bench.tick import OURS, SOCKET, SPUN, SUBJECTS, THEIRS, VENUES, Taken, _ratios, _row, tick_lines, ticks
from arb.bench.tick.stage import is_order, unmasked
from arb.bench.tick.talk import Spent, Tick
from arb.errors import ArbError
from tests.arb.bench.test_order import masked


async def test_every_client_orders_on_ticks_of_both_venues() -> None:
    report = await ticks(2, 1, pin=False, symbols=2, activity=1.0)
    assert [(row.client, row.venue) for row in report.rows] == [
        (subject.name, venue) for subject in SUBJECTS for venue in subject.venues
    ]
    for row in report.rows:
        assert (row.ticks, row.lost) in ((2, 0), (2, 1), (2, 2))
        assert 0 < row.own_range[0] <= row.own_p50 <= row.own_range[1] <= row.own_worst
        assert row.own_p50 <= row.both_p50
        ours = row.client in (OURS, SPUN)
        assert (row.commit is not None) is ours
        if row.commit is not None and row.handed is not None:
            assert 0 < row.commit < row.handed
    assert set(report.ratios) == set(report.spun) == {"tick-order mexc", "tick-order gateio"}
    text = "\n".join(tick_lines(report))
    assert text.count("tick-order ") == 2
    assert SOCKET in text


@pytest.mark.parametrize(
    ("data", "so"),
    [
        pytest.param(b"POST /api/v3/order?symbol=A HTTP/1.1\r\n", True, id="MEXC's order"),
        pytest.param(b"POST /api/v4/spot/orders HTTP/1.1\r\n", True, id="Gate's order"),
        pytest.param(b"POST /api/v3/userDataStream?x=1 HTTP/1.1\r\n", False, id="a listen key"),
        pytest.param(b"GET /api/v3/order?symbol=A HTTP/1.1\r\n", False, id="a question about an order"),
        pytest.param(b"DELETE /api/v4/spot/orders/7 HTTP/1.1\r\n", False, id="a cancel"),
        pytest.param(masked(b'{"channel":"spot.order_place"}'), True, id="Gate's order over the socket"),
        pytest.param(masked(b"{}") + masked(b'{"channel":"spot.order_place"}'), True, id="behind another frame"),
        pytest.param(masked(b'{"channel":"spot.ping"}'), False, id="a ping"),
        pytest.param(b"\x81", False, id="no whole frame"),
        pytest.param(b"", False, id="nothing"),
    ],
)
def test_what_begins_an_order(data: bytes, so: bool) -> None:
    assert is_order(data) is so


def test_long_frames_are_unmasked_too() -> None:
    text = b"x" * 300
    frame = b"\x81\xfe\x01\x2c" + b"\x00\x00\x00\x00" + text
    assert unmasked(frame) == text


def test_ticks_that_bring_no_order_are_lost_and_many_of_them_are_no_figure() -> None:
    made = [Tick(2_000, 3_000), Tick(4_000, 4_000), Tick(6_000, 9_000)]
    row = _row("mexc", OURS, Taken([made], [Spent((1_000,), (4_000,), (2_000,))], lost=0))
    assert (row.ticks, row.lost, row.own_p50, row.both_p50, row.own_worst) == (3, 0, 4.0, 4.0, 6.0)
    assert (row.decided, row.handed, row.commit) == (1.0, 4.0, 2.0)
    with pytest.raises(ArbError, match="native has let 4 of 7 ticks on mexc pass"):
        _row("mexc", OURS, Taken([made], [Spent()], lost=4))
    with pytest.raises(ArbError, match="0 of 0"):
        _row("mexc", OURS, Taken([[]], [Spent()]))


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    taken = {}
    for venue in VENUES:
        taken[venue, OURS] = Taken([[Tick(1_000, 1)], [Tick(1_000, 1)], [Tick(3_000, 1)]])
        taken[venue, THEIRS] = Taken([[Tick(4_000, 1)], [Tick(2_000, 1)], [Tick(4_000, 1)]])
    assert _ratios(taken, OURS) == {"tick-order mexc": 0.5, "tick-order gateio": 0.5}
