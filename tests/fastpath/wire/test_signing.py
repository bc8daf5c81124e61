"""Every published, computed and ccxt-built signature that we know, reproduced."""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import urlsplit

import msgspec
import pytest

from fastpath.wire.signing import GateSigner, Hmac, MexcSigner, parameters

KEY, SECRET = "a-public-key", "a-secret-of-somebody"


def load(shared, *path):
    return msgspec.json.decode(shared.joinpath(*path).read_bytes())


def mexc_samples(shared):
    found = load(shared, "protocols/samples/mexc/signing_vectors.json")
    for vector in (*found["spot"], *found["futures"]):
        yield vector.get("secret", found["secret"]), vector


def page_section(shared, venue, begin, end):
    text = (shared / f"protocols/{venue}.md").read_text()
    return text.partition(begin)[2].partition(end)[0]


# ---------------------------------------------------------------------------------------------- MEXC


def test_mexc_samples_spot_and_futures(shared):
    vectors = list(mexc_samples(shared))
    assert len(vectors) == 14
    for secret, vector in vectors:
        assert MexcSigner(secret).sign(vector["string_to_sign"].encode()) == vector["signature"], vector["name"]


def test_mexc_queries_are_sent_as_they_are_signed(shared):
    queries = [(s, v) for s, v in mexc_samples(shared) if "/api/v3/" in v.get("url", "") and not v["body"]]
    assert len(queries) == 6
    for secret, vector in queries:
        assert MexcSigner(secret).query(vector["string_to_sign"]) == urlsplit(vector["url"]).query, vector["name"]


def test_mexc_official_vectors_and_requests_as_ccxt_builds_them(shared):
    found = load(shared, "data/signing/mexc.json")
    (official,) = found["official_vectors"]
    assert MexcSigner(official["secret"]).sign(official["string_to_sign"].encode()) == official["signature"]
    signer = MexcSigner(found["credentials"]["secret"])
    signed = [request for request in found["requests"] if request["signatures"]]
    assert len(signed) == 5
    for request in signed:
        (vector,) = request["signatures"]
        query = urlsplit(request["expected"]["url"]).query
        assert signer.query(vector["string_to_sign"]) == query, request["call"]


def test_mexc_worked_examples_of_the_page(shared):
    section = page_section(shared, "mexc", "## 7. Signing (spot)", "## 8. ")
    secret = re.search(r"^secret  (\w+)$", section, re.M)[1]
    text = re.search(r"^text    (\S+)$", section, re.M)[1]
    sent = re.search(r"^send    POST (\S+)$", section, re.M)[1]
    assert f"https://api.mexc.com/api/v3/order?{MexcSigner(secret).query(text)}" == sent
    rows = re.findall(r"^\| `([^`]+)`(?: \(.*\))? \| `([0-9a-f]{64})` \|$", section, re.M)
    assert len(rows) == 3
    for text, signature in rows:
        assert MexcSigner(secret).sign(text.encode()) == signature
    vendor_secret, vendor_text, vendor_signature = re.search(
        r"secret `(\w+)`: text `([^`]+)`\s+gives `(\w+)` \(correct\)", section
    ).groups()
    assert MexcSigner(vendor_secret).sign(vendor_text.encode()) == vendor_signature


def test_parameters_are_escaped_in_upper_case_and_stay_in_order(shared):
    (vector,) = (v for _, v in mexc_samples(shared) if v["name"] == "batch_orders_percent_encoded")
    orders = [
        {"symbol": "MXUSDT", "side": side, "type": "LIMIT", "quantity": "2", "price": price, "newClientOrderId": name}
        for side, price, name in (("BUY", "2.5", "arb-000003"), ("SELL", "4.5", "arb-000004"))
    ]
    text = msgspec.json.encode(orders).decode()
    pairs = [("batchOrders", text), ("recvWindow", "5000"), ("timestamp", "1767225600000")]
    assert parameters(pairs) == vector["string_to_sign"]
    assert parameters([("b", "-_.~ /"), ("a", "币")]) == "b=-_.~%20%2F&a=%E5%B8%81"


# ---------------------------------------------------------------------------------------------- Gate


def gate_rest(signer, vector):
    return signer.rest(vector["method"], vector["path"], vector["query"], vector["body"].encode(), vector["timestamp"])


def test_gate_official_vectors(shared):
    found = load(shared, "protocols/samples/gateio/signing_vectors.json")
    vectors = found['official (key "key", secret "secret")']
    assert len(vectors) == 2
    for vector in vectors:
        assert gate_rest(GateSigner("secret"), vector) == vector["SIGN"]
    (official,) = load(shared, "data/signing/gateio.json")["official_vectors"]
    assert GateSigner(official["secret"]).sign(official["string_to_sign"].encode()) == official["signature"]


def test_gate_samples_rest_streams_and_api(shared):
    found = load(shared, "protocols/samples/gateio/signing_vectors.json")["computed"]
    signer = GateSigner(found["secret"])
    assert (len(found["rest"]), len(found["ws_private"]), len(found["ws_api"])) == (4, 3, 3)
    for vector in found["rest"]:
        assert gate_rest(signer, vector) == vector["SIGN"], vector["path"]
    for vector in found["ws_private"]:
        fields = dict(pair.split("=") for pair in vector["string_to_sign"].split("&"))
        assert signer.channel(fields["channel"], fields["event"], int(fields["time"])) == vector["signature"]
    for vector in found["ws_api"]:
        _, channel, parameter, timestamp = vector["string_to_sign"].split("\n")
        assert signer.api(channel, parameter.encode(), timestamp) == vector["signature"], channel


def test_gate_requests_and_sockets_as_ccxt_builds_them(shared):
    found = load(shared, "data/signing/gateio.json")
    signer = GateSigner(found["credentials"]["secret"])
    signed = [request for request in found["requests"] if request["signatures"]]
    assert len(signed) == 5
    for request in signed:
        expected, parts = request["expected"], urlsplit(request["expected"]["url"])
        body, timestamp = (expected["body"] or "").encode(), expected["headers"]["Timestamp"]
        sign = signer.rest(expected["method"], parts.path, parts.query, body, timestamp)
        assert sign == expected["headers"]["SIGN"] == request["signatures"][0]["signature"], request["call"]
    stream, login = found["ws_auth"]
    assert signer.channel("spot.orders", "subscribe", 1767225600) == stream["signature"]
    assert signer.api("spot.login", b"", "1767225600") == login["signature"]


def test_gate_worked_examples_of_the_page(shared):
    section = page_section(shared, "gateio", "## 5. Signing", "## 6. ")
    secret = re.search(r"secret `(\w+)`, Timestamp `1767225600`", section)[1]
    signer = GateSigner(secret)
    body = re.search(r"^Body, 150 bytes:\n```\n(.+)\n```$", section, re.M)[1].encode()
    assert len(body) == 150
    assert (
        signer.rest("POST", "/api/v4/spot/orders", "", body, "1767225600") == re.search(r"SIGN = `(\w+)`", section)[1]
    )
    rows = re.findall(r"^\| (GET|DELETE) `([^`]+)` \| `(\w{128})` \|$", section, re.M)
    assert len(rows) == 3
    for method, url, signature in rows:
        path, _, query = url.partition("?")
        assert signer.rest(method, path, query, b"", "1767225600") == signature, url
    streams = re.findall(r"^\| `channel=([\w.]+)&event=(\w+)&time=(\d+)` \| `(\w{128})` \|$", section, re.M)
    assert len(streams) == 2
    for channel, event, time_s, signature in streams:
        assert signer.channel(channel, event, int(time_s)) == signature, (channel, event)
    in_json = re.search(r'"channel":"spot.orders".*"SIGN":"(\w{128})"', section)[1]
    assert signer.channel("spot.orders", "subscribe", 1767225600) == in_json
    logins = re.findall(r"^\| `api\\n([\w.]+)\\n(.*)\\n(\d+)` \| `(\w{128})` \|$", section, re.M)
    assert len(logins) == 3
    for channel, parameter, timestamp, signature in logins:
        assert signer.api(channel, body if "150" in parameter else b"", timestamp) == signature, channel


def test_gate_signs_the_hash_of_an_empty_body():
    with_text = GateSigner(SECRET).sign(f"GET\n/p\n\n{hashlib.sha512(b'').hexdigest()}\n1".encode())
    assert GateSigner(SECRET).rest("GET", "/p", "", b"", "1") == with_text


# ---------------------------------------------------------------------------------------------- any


@pytest.mark.parametrize("signer", [Hmac(SECRET, "sha256"), MexcSigner(SECRET), GateSigner(SECRET)], ids=type)
def test_a_secret_is_never_shown(signer):
    shown = f"{signer!r} {signer} {signer.__slots__} {[getattr(signer, name) for name in Hmac.__slots__]}"
    assert SECRET not in shown
    assert "********" in repr(signer)


def test_a_signature_leaves_the_prepared_key_as_it_was():
    signer = MexcSigner(SECRET)
    assert signer.sign(b"one") == signer.sign(b"one") != signer.sign(b"two")


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("built_in", [True, False])
def test_any_key_and_any_text_give_what_the_standard_library_says(monkeypatch, algorithm, built_in):
    if not built_in:  # a Python without hashes of its own
        monkeypatch.setattr("fastpath.wire.signing.import_module", lambda name: object())
    for size in (0, 1, 63, 64, 65, 127, 128, 129, 300):
        secret = "k" * size
        signer = Hmac(secret, algorithm)
        for text in (b"", b"symbol=BTCUSDT", bytes(range(256)) * 3):
            assert signer.sign(text) == hmac.new(secret.encode(), text, algorithm).hexdigest()
