"""Gate's answers: JSON over REST, and refusals that REST and the socket share."""

from __future__ import annotations

import msgspec

from arb.sim.venue import Reply


class Refused(Exception):
    """args: HTTP status, label, message."""

    @property
    def status(self) -> int:
        return int(self.args[0])

    @property
    def errs(self) -> dict[str, str]:
        return {"label": self.args[1], "message": self.args[2]}


def fail(status: int, label: str, message: str) -> Reply:
    return Reply(status, msgspec.json.encode({"label": label, "message": message}))


def ok(value: object, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(value))


def missing(name: str) -> Refused:
    return Refused(400, "MISSING_REQUIRED_PARAM", f"Missing required parameter: {name}")


def bad_value(name: str, value: object) -> Refused:
    return Refused(400, "INVALID_PARAM_VALUE", f"Invalid parameter `{name}` with value: {value}")


def too_many() -> Refused:
    return Refused(429, "TOO_MANY_REQUESTS", "Request Rate limit Exceeded (211)")
