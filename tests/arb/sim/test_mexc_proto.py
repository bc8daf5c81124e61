"""The writer against real frames of the venue, byte for byte, and against Google's reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from ccxt.protobuf.mexc.PushDataV3ApiWrapper_pb2 import PushDataV3ApiWrapper
from hypothesis import given
from hypothesis import strategies as st

from arb.sim.mexc import proto


def items(decoded: list[dict[str, str]] | None, tag: bytes) -> bytes:
    return b"".join(proto.level(tag, i["price"].encode(), i["quantity"].encode()) for i in decoded or [])


def written(decoded: dict[str, Any]) -> bytes:
    """A decoded sample, encoded by the sim's own writer."""
    head = proto.wrapper_head(decoded["channel"], decoded["symbol"]) + proto.varint(decoded["sendTime"])
    if body := decoded.get("publicAggreBookTicker"):
        texts = [body[k].encode() for k in ("bidPrice", "bidQuantity", "askPrice", "askQuantity")]
        bid, bid_qty, ask, ask_qty = texts
        version, order_ms = int(body["version"]), body["lastOrderCreateTime"]
        made = proto.book_ticker(bid, bid_qty, ask, ask_qty, version, order_ms)
        return head + proto.body(proto.AGGRE_BOOK_TICKER, made)
    if body := decoded.get("publicLimitDepths"):
        levels = items(body["asks"], proto.ASKS) + items(body["bids"], proto.BIDS)
        made = proto.limit_depths(levels, body["eventType"].encode(), int(body["version"]), body["lastOrderCreateTime"])
        return head + proto.body(proto.LIMIT_DEPTHS, made)
    if body := decoded.get("publicAggreDeals"):
        deals = [
            (d["price"].encode(), d["quantity"].encode(), d["tradeType"], d["time"], d["tradeId"].encode())
            for d in body["deals"]
        ]
        return head + proto.body(proto.AGGRE_DEALS, proto.deals(deals, body["eventType"].encode()))
    body = decoded["publicAggreDepths"]
    levels = items(body.get("asks"), proto.ASKS) + items(body.get("bids"), proto.BIDS)
    made = proto.aggre_depths(
        levels,
        body["eventType"].encode(),
        int(body["fromVersion"]),
        int(body["toVersion"]),
        body.get("lastOrderCreateTime", 0),
    )
    return head + proto.body(proto.AGGRE_DEPTHS, made)


@pytest.mark.parametrize("name", ["01_real", "02_real", "03_real", "05_real", "06_real", "21_built"])
def test_real_frames_come_out_byte_for_byte(shared: Path, name: str) -> None:
    [path] = (shared / "protocols/samples/mexc").glob(f"{name}*.json")
    sample = msgspec.json.decode(path.read_bytes())
    assert written(sample["decoded"]).hex() == sample["hex"]


def test_a_chain_of_depth_pushes_comes_out_byte_for_byte(shared: Path) -> None:
    [path] = (shared / "protocols/samples/mexc").glob("12_built*.json")
    for frame in msgspec.json.decode(path.read_bytes())["frames_in_arrival_order"]:
        assert written(frame["decoded"]).hex() == frame["hex"]


@given(st.integers(0, 2**63 - 1))
def test_a_varint_ends_where_it_should(value: int) -> None:
    data = proto.varint(value)
    assert sum((b & 0x7F) << 7 * n for n, b in enumerate(data)) == value
    assert all(b & 0x80 for b in data[:-1])
    assert not data[-1] & 0x80


@given(st.lists(st.tuples(st.integers(1, 10**12), st.integers(0, 10**12)), max_size=400))
def test_google_reads_what_we_write(levels: list[tuple[int, int]]) -> None:
    """Any number of levels, so that lengths of one, two and three bytes occur."""
    body = b"".join(proto.level(proto.ASKS, b"%d" % p, b"%d" % q) for p, q in levels)
    frame = proto.wrapper_head("channel", "SYM") + proto.varint(5)
    frame += proto.body(proto.AGGRE_DEPTHS, proto.aggre_depths(body, b"event", 3, 4, 6))
    wrapper = PushDataV3ApiWrapper()
    wrapper.ParseFromString(frame)
    assert [(int(i.price), int(i.quantity)) for i in wrapper.publicAggreDepths.asks] == levels
    assert (wrapper.sendTime, wrapper.publicAggreDepths.toVersion) == (5, "4")
