"""The configuration as strict models: an unknown key is an error, and so is a value that cannot be meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat

from arb.config import values
from arb.config.base import CoinWord, DepthWord, Milliseconds, Model, TrustWord, Words
from arb.config.paths import FastpathConfig
from arb.config.trading import AlertsConfig, ExecutionConfig, JournalConfig, PaperConfig, RiskConfig, RunConfig
from arb.domain import Depth, Trust

_HTTP = ("http", "https")
_WS = ("ws", "wss")


def _rest(text: str) -> str:
    return values.private_url(text, _HTTP).rstrip("/") if text else ""


def _stream(text: str) -> str:
    return values.private_url(text, _WS) if text else ""


def _options(tree: dict[str, Any]) -> dict[str, Any]:
    """ccxt reads what it likes of them; what sounds like the end of verification is not passed on in silence."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for key in node:
                if values.is_about_tls(str(key)):
                    raise ValueError(f"{key}: certificates are always verified, so this says nothing; leave it out")
            waiting.extend(node.values())
        elif isinstance(node, list | tuple):
            waiting.extend(node)
    return tree


def _fee(rate: Decimal) -> Decimal:
    if not Decimal("-0.01") <= rate <= Decimal("0.05"):
        raise ValueError(f"{rate} is no fee; write the fraction, as in 0.001 for 0.1 %")
    return rate


def _patterns(symbols: tuple[str, ...]) -> tuple[str, ...]:
    if not symbols:
        raise ValueError("no symbols; '*/USDT' means all that are quoted in USDT")
    return tuple(values.symbol_pattern(symbol) for symbol in symbols)


def _pins(pins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(values.pin(pin) for pin in pins)


def _exchanges(table: dict[str, VenueConfig]) -> dict[str, VenueConfig]:
    return {values.venue_name(name): venue for name, venue in table.items()}


def _sizes(table: dict[str, Decimal]) -> dict[str, Decimal]:
    return {values.coin(name): size for name, size in table.items()}


Fee = Annotated[Decimal, AfterValidator(_fee)]


class VenueConfig(Model):
    """One venue. fastpath: None takes the native codec where there is one. Empty texts leave the venue's own.

    orders: the path of orders and balances; None: that of the books.

    feed: the name of a feed, instead of the one that the depth asks for.   Fees are fractions: 0.001 is 10 bps.
    options: passed to ccxt as they are, but for what would be about TLS.   Addresses without TLS: of this machine only.
    """

    fastpath: bool | None = None
    orders: Literal["native", "ccxt"] | None = None
    rest_url: Annotated[str, AfterValidator(_rest)] = ""
    ws_url: Annotated[str, AfterValidator(_stream)] = ""
    feed: str = ""
    taker_fee: Fee | None = None
    maker_fee: Fee | None = None
    buy_fee_coin: CoinWord | None = None
    sell_fee_coin: CoinWord | None = None
    options: Annotated[dict[str, Any], AfterValidator(_options)] = {}


class ScanConfig(Model):
    """What is looked at and what counts. quarantine_s: how long a pair stays out after an absurd price ratio.

    min_update_bps: how far the net edge of an open opportunity must move to be told again.
    audit_s: how often each book is held against the venue's REST book; 0 never.
    spin: keep the event loop from sleeping, which takes a whole core.
    """

    symbols: Annotated[Words, AfterValidator(_patterns)] = ("*/USDT",)
    min_edge_bps: Annotated[Decimal, Field(ge=0, le=10_000)] = Decimal(0)
    min_update_bps: Annotated[Decimal, Field(ge=0, le=10_000)] = Decimal("0.5")
    depth: DepthWord = Depth.TWENTY
    max_age_ms: Milliseconds = 3000
    max_skew_ms: Milliseconds = 3000
    min_trust: TrustWord = Trust.POLLED
    max_price_ratio: Annotated[FiniteFloat, Field(gt=1)] = 1.5
    quarantine_s: Annotated[FiniteFloat, Field(ge=0)] = 60.0
    audit_s: Annotated[FiniteFloat, Field(ge=0)] = 30.0
    spin: bool = False


class PolicyConfig(Model):
    """may_be_unknown: what an opportunity may leave unanswered and still be shown as UNKNOWN instead of refused."""

    may_be_unknown: Annotated[tuple[Literal["identity", "transfer"], ...], BeforeValidator(values.words)] = (
        "identity",
        "transfer",
    )


class IdentityConfig(Model):
    """The user's word about coins of one name: "ABC" on all venues, "ABC@mexc,gateio" on these."""

    same: Annotated[Words, AfterValidator(_pins)] = ()
    different: Annotated[Words, AfterValidator(_pins)] = ()


class CacheConfig(Model):
    """dir: where static facts are kept; "" is the XDG cache folder."""

    dir: str = ""
    ttl_h: Annotated[FiniteFloat, Field(gt=0)] = 24.0


class LogConfig(Model):
    level: Annotated[str, BeforeValidator(values.log_level)] = "INFO"


class Settings(Model):
    """Everything that can be configured. exchanges: by our name of the venue.   size: most that is spent, by quote."""

    exchanges: Annotated[dict[str, VenueConfig], AfterValidator(_exchanges)] = {}
    scan: ScanConfig = ScanConfig()
    size: Annotated[dict[str, Annotated[Decimal, Field(gt=0)]], AfterValidator(_sizes)] = {"USDT": Decimal(500)}
    policy: PolicyConfig = PolicyConfig()
    identity: IdentityConfig = IdentityConfig()
    fastpath: FastpathConfig = FastpathConfig()
    cache: CacheConfig = CacheConfig()
    log: LogConfig = LogConfig()
    run: RunConfig = RunConfig()
    execution: ExecutionConfig = ExecutionConfig()
    risk: RiskConfig = RiskConfig()
    paper: PaperConfig = PaperConfig()
    journal: JournalConfig = JournalConfig()
    alerts: AlertsConfig = AlertsConfig()
