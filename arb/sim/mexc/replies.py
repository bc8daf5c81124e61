"""MEXC's JSON answers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arb.sim.venue import Reply


def fail(code: int, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Reply:
    body = msgspec.json.encode({"code": code, "msg": message})
    return Reply(status, body, {"Content-Type": "application/json", **(headers or {})})


def ok(value: object) -> Reply:
    return Reply(200, msgspec.json.encode(value))


BAD_SYMBOL = fail(-1121, "Invalid symbol.")
