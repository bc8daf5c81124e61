"""Gate's book frames in the words of its older channel, which is the one that cryptofeed asks for."""

from __future__ import annotations

import msgspec

ACK = b'{"time":0,"channel":"spot.order_book_update","event":"subscribe","result":{"status":"success"}}'


def market_of(topic: str) -> str:
    """ "ob.BTC_USDT.400" -> "BTC_USDT"."""
    return topic.split(".")[1]


def reworded(frame: bytes) -> bytes:
    """The same levels and ids. A full book becomes an acknowledgement: that channel pushes none."""
    said = msgspec.json.decode(frame)
    result = said["result"]
    if result.get("full"):
        return ACK
    told = {
        "t": result["t"], "e": "depthUpdate", "E": result["t"] // 1000, "s": market_of(result["s"]), "U": result["U"],
        "u": result["u"], "b": result.get("b", []), "a": result.get("a", []),
    }  # fmt: skip
    return msgspec.json.encode(
        {"time": said["time_ms"] // 1000, "channel": "spot.order_book_update", "event": "update", "result": told}
    )
