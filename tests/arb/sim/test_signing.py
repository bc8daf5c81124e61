"""The simulated venues accept the signatures that the venues' documents give, and nothing else."""

from __future__ import annotations

import hmac
from contextlib import nullcontext
from hashlib import sha256, sha512
from pathlib import Path

import msgspec
import pytest

from arb.clock import ManualClock
from arb.sim import SimExchanges
from arb.sim.gateio.replies import Refused
from arb.sim.gateio.signing import check_call, check_channel, check_rest
from arb.sim.mexc.signing import refused
from arb.sim.venue import Request
from tests.arb.sim.support import WALL_NS

MEXC_KEY = ("mx0vglTESTKEY00001", "5f2b6c1e9a7d4c3f8e0b1a2d3c4f5e6a")
MEXC = {
    "recvWindow=5000&timestamp=1767225600000": "400064a2cc24c694b9a49050113c78fac16b45a34d6f06bfc2e48501ff07ca64",
    "symbol=BTCUSDT&origClientOrderId=arb-000001&recvWindow=5000&timestamp=1767225600000": (
        "4c6cbc75a33daf14de77a75311c1caca83693acd780c3e66d766f6b2616ada3c"
    ),
}
GATE_KEY = "4e2f8a1c9b7d4f60a3c5e1d2b8f7a6c9"


def venues() -> SimExchanges:
    sim = SimExchanges(ManualClock(0, WALL_NS), symbols=1)
    sim.venues["mexc"].key, sim.venues["mexc"].secret = MEXC_KEY
    return sim


def says(sim: SimExchanges, query: str, body: str = "", *, method: str = "POST", kind: str = "application/json") -> str:
    headers = {"x-mexc-apikey": MEXC_KEY[0], "content-type": kind}
    request = Request(method, "/api/v3/order", query, headers, body.encode())
    venue = sim.venues["mexc"]
    reply = refused(venue, request)  # type: ignore[arg-type]
    return "" if reply is None else str(msgspec.json.decode(reply.body)["code"])


@pytest.mark.parametrize("text", list(MEXC))
def test_mexc_takes_the_documented_vectors(text: str) -> None:
    sim = venues()
    assert says(sim, f"{text}&signature={MEXC[text]}") == ""
    assert says(sim, f"{text}&signature={MEXC[text].upper()}") == "700002"
    assert says(sim, f"{text}0&signature={MEXC[text]}") == "700002"


def test_mexc_takes_query_and_body_in_one_text() -> None:
    sim = venues()
    query, body = "symbol=BTCUSDT&side=BUY&type=LIMIT", "quantity=1&price=11&recvWindow=5000&timestamp=1767225600000"
    sign = "301b84f41eccd72036286278999260a67a7e35e374cf2bdb1f4551871f07a8a2"
    assert says(sim, query, f"{body}&signature={sign}") == ""
    assert says(sim, query, f"{body}&signature={sign}", kind="text/plain") == "700013"


@pytest.mark.parametrize(
    ("sent_ms", "window", "code"),
    [(0, 5000, ""), (999, 5000, ""), (1000, 5000, "700003"), (-5000, 5000, ""), (-5001, 5000, "700003"),
     (-60_000, 60_000, ""), (0, 60_001, "700005")],
)  # fmt: skip
def test_mexc_looks_at_both_sides_of_the_time(sent_ms: int, window: int, code: str) -> None:
    text = f"recvWindow={window}&timestamp={1767225600000 + sent_ms}"
    sign = hmac.new(MEXC_KEY[1].encode(), text.encode(), sha256).hexdigest()
    assert says(venues(), f"{text}&signature={sign}", method="GET") == code


def test_gate_takes_the_shared_vectors(shared: Path) -> None:
    found = msgspec.json.decode((shared / "protocols/samples/gateio/signing_vectors.json").read_bytes())
    text = msgspec.json.encode(found).decode()
    sim = SimExchanges(ManualClock(0, WALL_NS), symbols=1)
    venue = sim.venues["gateio"]
    venue.key, venue.secret = GATE_KEY, "0f1e2d3c4b5a69788796a5b4c3d2e1f0" * 2
    stamp = "1767225600"
    body = (
        b'{"text":"t-arb-000001","currency_pair":"BTC_USDT","type":"limit","account":"spot","side":"buy",'
        b'"amount":"0.001","price":"65000","time_in_force":"ioc"}'
    )
    sign = (
        "08ca812765353464c9cd3e321e9a8e4f9736c24052b2cc6d8e8da716a5c709a0"
        "f8f5b3f95f073c1e18f68aa44d1f4ff886b467bcb3bc1b5b61e39034daa5775c"
    )
    assert sign in text
    headers = {"key": GATE_KEY, "timestamp": stamp, "sign": sign}
    check_rest(venue, Request("POST", "/api/v4/spot/orders", "", headers, body))  # type: ignore[arg-type]
    login = (
        "bee011344801d4c82f03f7529ed93875236e874f7b3935f6d7917fff44d56470"
        "ff2dc08833ca9ad41762ee893e749c968810e2b5b683470a508157a5b24d6912"
    )
    assert login in text
    check_call(venue, "spot.login", b"", GATE_KEY, stamp, login)  # type: ignore[arg-type]
    call = (
        "d865f4a6e2f1d554bae64438ad6e546fe48faafbb4ad73482588e09e460851d4"
        "c6acb2d20cf83fc890f3fb90209e247de6adc0a64b812510d4ce09b0d80e809a"
    )
    assert call in text
    check_call(venue, "spot.order_place", body, GATE_KEY, stamp, call)  # type: ignore[arg-type]
    channel = (
        "ca7a8e5388558e38f6eb0f4ebeda97a50577528dba87dde6dd77e2f0f958d58e"
        "ee625e355a7f3ff6ef3d4f258c0e486abb4aa74c98b7a9eea4f7318066588ee6"
    )
    check_channel(venue, "spot.orders", "subscribe", 1767225600, GATE_KEY, channel)  # type: ignore[arg-type]
    with pytest.raises(Refused) as caught:
        check_call(venue, "spot.order_place", body + b" ", GATE_KEY, stamp, call)  # type: ignore[arg-type]
    assert caught.value.errs["label"] == "INVALID_SIGNATURE"


@pytest.mark.parametrize(("late_s", "label"), [(60, ""), (61, "REQUEST_EXPIRED"), (-61, "REQUEST_EXPIRED")])
def test_gate_takes_a_minute_either_way(late_s: int, label: str) -> None:
    sim = SimExchanges(ManualClock(0, WALL_NS), symbols=1)
    venue = sim.venues["gateio"]
    stamp = str(WALL_NS // 10**9 - late_s)
    sign = hmac.new(venue.secret.encode(), f"api\nspot.login\n\n{stamp}".encode(), sha512).hexdigest()
    with pytest.raises(Refused) if label else nullcontext() as caught:
        check_call(venue, "spot.login", b"", venue.key, stamp, sign)  # type: ignore[arg-type]
    assert not label or caught.value.errs["label"] == label
