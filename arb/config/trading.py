"""The part of the configuration that `arb run` reads: how cycles are executed, within which limits, and who is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, FiniteFloat

from arb.config import values
from arb.config.base import Milliseconds, Model, TrustWord, Words
from arb.domain import Trust

Amount = Annotated[Decimal, Field(gt=0)]
Bps = Annotated[Decimal, Field(ge=0, le=10_000)]
Seconds = Annotated[FiniteFloat, Field(gt=0, le=86_400)]


def _reserves(table: dict[str, Decimal]) -> dict[str, Decimal]:
    return {values.venue_coin(name): amount for name, amount in table.items()}


class UnwindStep(Model):
    """One rung of the ladder for a cycle whose legs differ.

    action: "retry" sends what the lagging leg did not get once more, "reverse" sells (or buys back) where the filled
    leg was filled, "hedge" does it at the best third venue.
    max_loss_bps: its price cap, as a loss against the filled leg's own price.   attempts: at most so many orders.
    """

    action: Literal["retry", "reverse", "hedge"]
    max_loss_bps: Bps
    attempts: Annotated[int, Field(ge=1, le=20)] = 1


class ExecutionConfig(Model):
    """min_profit_bps: of a plan made on the books of the moment of sending.

    slippage_bps: how much worse than the price walked to a leg's cap may be; what it gives away still must pay.
    thin_first: the leg with less depth goes first, the other one when it is filled; else both in one loop turn.
    answer_ms: an order without an answer for so long is UNKNOWN, and asked for.   ask_ms: then between two questions.
    unwind: what is tried, in this order, until the legs are equal.
    """

    min_profit_bps: Bps = Decimal(0)
    slippage_bps: Bps = Decimal(0)
    thin_first: bool = False
    answer_ms: Milliseconds = 2_000
    ask_ms: Milliseconds = 500
    unwind: tuple[UnwindStep, ...] = (
        UnwindStep(action="retry", max_loss_bps=Decimal(10), attempts=2),
        UnwindStep(action="reverse", max_loss_bps=Decimal(50), attempts=3),
    )


class RiskConfig(Model):
    """Amounts are in `currency`; another quote currency or coin is valued at the books' price of the moment.

    max_trade: notional of one cycle, which is what its buy may cost.   max_venue, max_total: notional of open legs and
    held residuals.   max_coin: the same, but a cycle counts once, since its two legs offset each other.
    max_naked, max_naked_s: one leg without the other; beyond either: REDUCING until covered. What cycles have left
    counts for the first.
    max_daily_loss: realised since 00:00 UTC; beyond: HALTED until a person resumes, which begins the count anew.
    max_losses: in a row; then REDUCING for cooldown_s; only a profit or a person ends the row.
    max_cycles: open at once.   max_orders_per_min: over all venues.
    price_collar_bps: of a leg's cap against the mid of the other venues' books.
    max_book_age_ms, max_skew_ms, min_trust: of both books at the moment of the plan.
    max_clock_error_ms: of a venue's time as we know it.
    max_loop_lag_ms: nothing new begins while the event loop is later than this.
    fee_coin_reserve: "mexc:MX" -> amount that must be free there for an order to be sent to that venue.
    allow_unknown: what nobody can tell of a pair ("identity", "transfer") and may be traded all the same.
    """

    currency: Annotated[str, AfterValidator(values.coin)] = "USDT"
    max_trade: Amount = Decimal(500)
    max_venue: Amount = Decimal(2_000)
    max_coin: Amount = Decimal(1_000)
    max_total: Amount = Decimal(4_000)
    max_naked: Amount = Decimal(1_000)
    max_naked_s: Seconds = 10.0
    max_daily_loss: Amount = Decimal(50)
    max_losses: Annotated[int, Field(ge=1, le=1_000)] = 5
    cooldown_s: Seconds = 60.0
    max_cycles: Annotated[int, Field(ge=1, le=1_000)] = 4
    max_orders_per_min: Annotated[int, Field(ge=1, le=100_000)] = 240
    price_collar_bps: Annotated[Decimal, Field(gt=0, le=10_000)] = Decimal(300)
    max_book_age_ms: Milliseconds = 1_500
    max_skew_ms: Milliseconds = 1_500
    min_trust: TrustWord = Trust.WHOLE
    max_clock_error_ms: Milliseconds = 250
    max_loop_lag_ms: Milliseconds = 250
    fee_coin_reserve: Annotated[dict[str, Amount], AfterValidator(_reserves)] = {}
    allow_unknown: Annotated[tuple[Literal["identity", "transfer"], ...], BeforeValidator(values.words)] = ()


class PaperConfig(Model):
    """Paper is to be harder than live. latency_ms: one way; 0 takes the venue's measured round trip.

    jitter_ms: added at random, up to so much.   depth_share: of each level, what we may hope to get.
    reject_share: orders refused at random.   balances: what the account holds at the start, on every venue.
    """

    latency_ms: Annotated[int, Field(ge=0, le=60_000)] = 20
    jitter_ms: Annotated[int, Field(ge=0, le=60_000)] = 15
    depth_share: Annotated[FiniteFloat, Field(gt=0, le=1)] = 0.5
    reject_share: Annotated[FiniteFloat, Field(ge=0, lt=1)] = 0.01
    seed: int = 1
    balances: dict[str, Decimal] = {}


class JournalConfig(Model):
    """path: the SQLite file; "" is `journal-<mode>.sqlite` in the XDG data folder."""

    path: str = ""


class AlertsConfig(Model):
    """Where people are told. Addresses with tokens come from the environment: ARB_ALERT_WEBHOOK, ARB_ALERT_SLACK,

    ARB_ALERT_TELEGRAM_TOKEN and ARB_ALERT_TELEGRAM_CHAT; what is set is used.
    on: what is told.   every_s: at most one message in this time; what comes meanwhile is put together.
    """

    on: Annotated[
        tuple[Literal["halt", "residual", "private_lost", "limit", "mismatch", "breaker", "path", "opportunity"], ...],
        BeforeValidator(values.words),
    ] = ("halt", "residual", "private_lost", "limit", "mismatch", "breaker", "path")
    every_s: Seconds = 5.0


class RunConfig(Model):
    """mode: "live" alone sends real orders, and only with `--live`, keys and a recent pass of `arb doctor`."""

    mode: Literal["paper", "sim", "live"] = "paper"
    strategy: Annotated[Words, Field(min_length=1)] = ("cross_venue",)
    accept_unknown_rights: bool = False  # live with a key whose rights the venue does not tell
