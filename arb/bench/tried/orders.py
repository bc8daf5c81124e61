"""An order as bytes, and its signature: encoders and a template; a new key for each text, or a prepared one."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from arb.bench.tried.rivals import rival
from arb.bench.tried.timing import Way, each
from fastpath.wire.signing import Hmac

SECRET = "0123456789abcdef0123456789abcdef"  # of nobody
_BLOCK = {"sha256": 64, "sha512": 128}  # bytes


class Wanted(NamedTuple):
    """What differs from order to order; amounts as the text that is sent."""

    client_id: str
    amount: str
    price: str


class _Body(msgspec.Struct):
    """Gate's POST /spot/orders, in the order its documents have the fields (API v4, 2025)."""

    text: str
    amount: str
    price: str
    currency_pair: str = "BTC_USDT"
    type: str = "limit"
    account: str = "spot"
    side: str = "buy"
    time_in_force: str = "ioc"


Encode = Callable[[Wanted], bytes]
Sign = Callable[[bytes], str]

_encode = msgspec.json.Encoder().encode
_TEMPLATE = (
    b'{"text":"%b","amount":"%b","price":"%b","currency_pair":"BTC_USDT","type":"limit","account":"spot",'
    b'"side":"buy","time_in_force":"ioc"}'
)


def _fields(order: Wanted) -> dict[str, str]:
    return {
        "text": order.client_id,
        "amount": order.amount,
        "price": order.price,
        "currency_pair": "BTC_USDT",
        "type": "limit",
        "account": "spot",
        "side": "buy",
        "time_in_force": "ioc",
    }


def _by_json(order: Wanted) -> bytes:
    return json.dumps(_fields(order), separators=(",", ":")).encode()


def _by_msgspec_dict(order: Wanted) -> bytes:
    return _encode(_fields(order))


def _by_struct(order: Wanted) -> bytes:
    return _encode(_Body(order.client_id, order.amount, order.price))


def _by_template(order: Wanted) -> bytes:
    return _TEMPLATE % (order.client_id.encode(), order.amount.encode(), order.price.encode())


def encoders() -> dict[str, Encode]:
    """By name, as far as installed."""
    orjson = rival("orjson")
    found: dict[str, Encode] = {"json.dumps of a dict": _by_json}
    if orjson is not None:
        found["orjson of a dict"] = lambda order: orjson.dumps(_fields(order))
    return {
        **found,
        "msgspec of a dict": _by_msgspec_dict,
        "msgspec of a Struct": _by_struct,
        "bytes template": _by_template,
    }


def signers(algorithm: str) -> dict[str, Sign]:
    """algorithm: sha256 or sha512."""
    key = SECRET.encode()
    made, prepared = Hmac(SECRET, algorithm), hmac.new(key, digestmod=algorithm)
    padded = key.ljust(_BLOCK[algorithm], b"\0")
    inner = hashlib.new(algorithm, bytes(byte ^ 0x36 for byte in padded))
    outer = hashlib.new(algorithm, bytes(byte ^ 0x5C for byte in padded))

    def by_pads(text: bytes) -> str:
        first = inner.copy()
        first.update(text)
        second = outer.copy()
        second.update(first.digest())
        return second.hexdigest()

    def by_copy(text: bytes) -> str:
        mac = prepared.copy()
        mac.update(text)
        return mac.hexdigest()

    return {
        "hmac.new": lambda text: hmac.new(key, text, algorithm).hexdigest(),
        "hmac.digest": lambda text: hmac.digest(key, text, algorithm).hex(),
        "prepared copy": by_copy,
        "prepared inner and outer hash": by_pads,
        "the same, with Python's own hash (ours)": made.sign,
    }


def wanted(count: int) -> list[Wanted]:
    return [
        Wanted(f"t-arb-{number:08x}", f"0.{number % 9000 + 1000}", f"{50_000 + number}.5") for number in range(count)
    ]


def encoding(count: int) -> Iterator[Way]:
    """Kept: what the codecs do, which take what fields an order has."""
    orders = wanted(count)
    for name, encode in encoders().items():
        yield each(name, lambda encode=encode: encode, orders, kept=name == "msgspec of a dict")  # type: ignore[misc]


def signing(algorithm: str, count: int) -> Iterator[Way]:
    """Of a query as long as an order's."""
    texts = [b"symbol=BTCUSDT&side=BUY&type=LIMIT&timestamp=%d&newClientOrderId=%b&quantity=%b&price=%b" % (
        1_767_225_600_000 + number, order.client_id.encode(), order.amount.encode(), order.price.encode()
    ) for number, order in enumerate(wanted(count))]  # fmt: skip
    for name, sign in signers(algorithm).items():
        yield each(name, lambda sign=sign: sign, texts, kept="ours" in name)  # type: ignore[misc]
