"""Any venue of ccxt asked before a run: what it tells of its key, and what is made of calls that fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import ccxt
import pytest

from adapters.ccxt_client import ClientSettings
from adapters.ccxt_probe import CcxtProbe
from arb.domain import VenueId
from arb.errors import AuthFailed, ProtocolError, Rejected
from arb.interfaces import KeyRights


class FakeExchange:
    """answers: what each call returns or raises, in turn."""

    hostname = "example.org"

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.urls = {"api": {"v2": {"public": "https://api.{hostname}/v2"}}}
        self.has = {"fetchTime": True}

    async def fetch_time(self) -> int:
        return 1_700_000_000_123

    async def private_account_get_main_keys(self) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    private_account_get_detail = private_account_get_main_keys


def probe_of(exchange: FakeExchange, ccxt_id: str = "gate") -> CcxtProbe:
    probe = CcxtProbe(VenueId("gateio"), ClientSettings(ccxt_id, api_key="ours", secret="s3cr3t"))
    probe._client = SimpleNamespace(exchange=exchange, retry_after_s=0.0)  # type: ignore[assignment]
    return probe


async def test_its_address_and_time() -> None:
    probe = probe_of(FakeExchange())
    assert await probe.address() == ("api.example.org", 443)
    assert await probe.venue_ns() == 1_700_000_000_123 * 10**6


async def test_a_venue_without_a_clock_says_so() -> None:
    exchange = FakeExchange()
    exchange.has = {}
    with pytest.raises(ProtocolError, match="ccxt knows no call for its time"):
        await probe_of(exchange).venue_ns()


async def test_a_call_that_is_not_for_this_key_tells_nothing_and_the_other_counts() -> None:
    exchange = FakeExchange(ccxt.PermissionDenied("not for you"), {"ip_whitelist": ["192.0.2.7"]})
    assert await probe_of(exchange).rights() == KeyRights(ip_locked=True)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        pytest.param((ccxt.AuthenticationError("s3cr3t"),), AuthFailed, id="the key itself: nothing else is asked"),
        pytest.param((ccxt.BadRequest("a"), ccxt.BadRequest("b")), Rejected, id="every call failed: the first one"),
        pytest.param(([{"key": "ours", "perms": [{}]}], 7), ProtocolError, id="another shape"),
    ],
)
async def test_what_fails_is_told_without_the_secret(answers: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        await probe_of(FakeExchange(*answers)).rights()
    assert "s3cr3t" not in str(caught.value)


async def test_an_exchange_that_is_in_no_table_does_not_tell() -> None:
    assert await probe_of(FakeExchange(), "kraken").rights() == KeyRights()
