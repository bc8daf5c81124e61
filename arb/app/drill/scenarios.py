"""For each key of `RiskConfig`: what goes just beyond it, and what the gate must do then.

A plan that should pass is made from the live books; then one thing is changed. What needs a history is given one, as
the facts that the executor would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace

from arb.app.drill.stage import YOUNG_MS, YOUNG_NS, Attempt, Stage
from arb.domain import (
    BookSnapshot,
    ClientId,
    Coin,
    CycleClosed,
    CycleEnd,
    CycleId,
    CycleOpened,
    NakedMoved,
    Order,
    OrderSent,
    OrderType,
    Part,
    Plan,
    PrivateDown,
    Purpose,
    Side,
    Trust,
)
from arb.sync import BookSync
from arb.valuing import mid

MS = 1_000_000
S = 1_000_000_000
_BEYOND = Decimal("1.001")
_ONE = Decimal(1)
_NONE = Decimal(0)
_MANY = 100  # failures in a row that no breaker overlooks

Act = Callable[[Attempt], str]  # goes beyond the limit; returns what the gate did, in words
Sets = Callable[[Stage], Mapping[str, Any]]


def as_configured(_stage: Stage) -> Mapping[str, Any]:
    return {}


class Drill(msgspec.Struct, frozen=True):
    """sets: what of the configuration must be another for the limit to be reached at all."""

    scenario: str
    expected: str
    act: Act
    sets: Sets = as_configured


def drills() -> Mapping[str, Drill]:
    """By key; "breaker" and "refusal" are no keys but what is said of a private side, and by it."""
    made = {
        "breaker": Drill("orders to a venue have failed too often in a row", "", _breaker),
        "refusal": Drill("the private side of a venue is lost", "", _refusal),
        "max_loop_lag_ms": Drill("the event loop is 1 ms too late", "", _max_loop_lag_ms),
        "currency": Drill("a coin that no live book prices is left over", "", _currency),
        "max_book_age_ms": Drill("asked 1 ms after the older book has become too old", "", _max_book_age_ms),
        "max_skew_ms": Drill("one of the books is as it was 1 ms too long ago", "", _max_skew_ms, _any_age),
        "min_trust": Drill("more trust asked for than one of the feeds has", "", _plain, _more_trust),
        "allow_unknown": Drill("nobody can tell the identity of the coin", "", _allow_unknown, _nothing_unknown),
        "price_collar_bps": Drill("the buy's cap just outside of the collar", "", _price_collar_bps),
        "max_clock_error_ms": Drill("the time of a venue is known 1 ms too badly", "", _max_clock_error_ms),
        "fee_coin_reserve": Drill("more asked for than the account holds", "", _plain, _more_reserve),
        "max_trade": Drill("a plan that spends 0.1 % too much", "", _max_trade),
        "max_venue": Drill("as much as allowed is open at one of the venues", "", _max_venue),
        "max_coin": Drill("as much as allowed is open in the coin, elsewhere", "", _max_coin),
        "max_total": Drill("as much as allowed is open, in another coin elsewhere", "", _max_total),
        "max_cycles": Drill("as many cycles as allowed are open", "", _max_cycles),
        "max_orders_per_min": Drill("as many orders as allowed were sent just now", "", _max_orders_per_min),
    }
    told = {key: msgspec.structs.replace(drill, expected=f"refused by {key}") for key, drill in made.items()}
    return told | {
        "max_naked": Drill(
            "a leg stands alone with 0.1 % too much, then is covered",
            "refused by max_naked, REDUCING, then ACTIVE", _max_naked,
        ),
        "max_naked_s": Drill(
            "a leg stands alone for 1 ms too long, then is covered",
            "refused by max_naked_s, REDUCING, then ACTIVE", _max_naked_s,
        ),
        "max_losses": Drill("as many losses in a row", "refused by max_losses, REDUCING", _max_losses),
        "cooldown_s": Drill(
            "1 ms before the end of a cool-down, and at its end", "REDUCING by max_losses, then ACTIVE", _cooldown_s
        ),
        "max_daily_loss": Drill(
            "0.1 % too much lost today, then a person resumes",
            "refused by max_daily_loss, HALTED, then ACTIVE", _max_daily_loss,
        ),
    }  # fmt: skip


# ------------------------------------------------------------------------------------------- settings


def _any_age(_stage: Stage) -> Mapping[str, Any]:
    return {"max_book_age_ms": 2 * YOUNG_MS + 3_600_000}


def _more_trust(stage: Stage) -> Mapping[str, Any]:
    least = min(stage.book(market).feed.trust for market in (stage.buy, stage.sell))
    return {"min_trust": Trust(max(stage.config.min_trust, least + 1))}


def _nothing_unknown(_stage: Stage) -> Mapping[str, Any]:
    return {"allow_unknown": ()}


def _more_reserve(stage: Stage) -> Mapping[str, Any]:
    market = stage.buy
    free = stage.inventory.free(market.venue, market.quote, stage.clock.mono_ns())
    assert free is not None, "a stage is only made with accounts that have been read"
    return {"fee_coin_reserve": {f"{market.venue}:{market.quote}": free + _ONE}}


# ------------------------------------------------------------------------------------------- limits on a plan


def _plain(attempt: Attempt) -> str:
    return attempt.verdict(attempt.stage.plan())


def _breaker(attempt: Attempt) -> str:
    stage = attempt.stage
    breaker = attempt.breakers.of(stage.sell.venue, Part.PRIVATE)
    for _ in range(_MANY):
        breaker.record(False, stage.clock.mono_ns(), "drill")
    return _plain(attempt)


def _max_loop_lag_ms(attempt: Attempt) -> str:
    attempt.late_ns = (attempt.config.max_loop_lag_ms + 1) * MS
    return _plain(attempt)


def _refusal(attempt: Attempt) -> str:
    stage = attempt.stage
    attempt.risk.on_fact(PrivateDown(stage.sell.venue, "cut", stage.clock.mono_ns()))
    return _plain(attempt)


def _currency(attempt: Attempt) -> str:
    stage = attempt.stage
    coin = Coin(f"{stage.buy.base}{stage.buy.quote}")  # no coin at all
    attempt.risk.on_fact(attempt.exposure.move(_cycle(0), stage.buy.venue, coin, _ONE, stage.clock.mono_ns()))
    return _plain(attempt)


def _max_book_age_ms(attempt: Attempt) -> str:
    stage = attempt.stage
    older_ns = min(stage.book(market).recv_ns for market in (stage.buy, stage.sell))
    return attempt.verdict(stage.plan(), older_ns + (attempt.config.max_book_age_ms + 1) * MS)


def _max_skew_ms(attempt: Attempt) -> str:
    stage = attempt.stage
    late = stage.book(stage.sell)
    at_ns = stage.book(stage.buy).recv_ns - (attempt.config.max_skew_ms + 1) * MS
    levels = late.live(stage.clock.mono_ns(), YOUNG_NS)
    book = BookSync(late.venue, late.symbol, late.feed, at_ns)
    book.on_snapshot(
        BookSnapshot(late.venue, late.symbol, tuple(levels.bids(20)), tuple(levels.asks(20)), 1, 0, at_ns, 1)
    )
    attempt.replace_book(book)
    return _plain(attempt)


def _allow_unknown(attempt: Attempt) -> str:
    return attempt.verdict(replace(attempt.stage.plan(), unknowns=("identity",)))


def _price_collar_bps(attempt: Attempt) -> str:
    stage = attempt.stage
    plan, other = stage.plan(), mid(stage.book(stage.sell), stage.clock.mono_ns(), YOUNG_NS)
    assert other is not None, "a stage is only made of books with both sides"
    cap = other * (1 + attempt.config.price_collar_bps / 10_000) * _BEYOND
    return attempt.verdict(replace(plan, buy=replace(plan.buy, price=cap, qty=plan.buy.cost / cap)))


def _max_clock_error_ms(attempt: Attempt) -> str:
    attempt.doors[attempt.stage.sell.venue].error_ns = (attempt.config.max_clock_error_ms + 1) * MS
    return _plain(attempt)


def _max_trade(attempt: Attempt) -> str:
    return attempt.verdict(attempt.stage.plan(attempt.stage.quote(attempt.config.max_trade * _BEYOND)))


def _max_venue(attempt: Attempt) -> str:
    plan = _worth(attempt, attempt.config.max_venue)
    _open(attempt, replace(attempt.elsewhere(plan), buy=plan.buy))
    return _plain(attempt)


def _max_coin(attempt: Attempt) -> str:
    _open(attempt, attempt.elsewhere(_worth(attempt, attempt.config.max_coin)))
    return _plain(attempt)


def _max_total(attempt: Attempt) -> str:
    _open(attempt, attempt.elsewhere(_worth(attempt, attempt.config.max_total), base="ANOTHER"))
    return _plain(attempt)


def _max_cycles(attempt: Attempt) -> str:
    tiny = attempt.elsewhere(_worth(attempt, _NONE), base="ANOTHER")
    _open(attempt, *(tiny for _ in range(attempt.config.max_cycles)))
    return _plain(attempt)


def _max_orders_per_min(attempt: Attempt) -> str:
    stage = attempt.stage
    order = Order(stage.buy.venue, stage.symbol, Side.BUY, OrderType.IOC, _ONE, _ONE, ClientId(""))
    sent = OrderSent(_cycle(0), order, Purpose.RETRY, 1, stage.clock.mono_ns(), stage.clock.wall_ns())
    for _ in range(attempt.config.max_orders_per_min):
        attempt.risk.on_fact(sent)
    return _plain(attempt)


# ------------------------------------------------------------------------------------------- limits on what happened


def _max_naked(attempt: Attempt) -> str:
    amount = attempt.stage.quote(attempt.config.max_naked * _BEYOND)
    _naked(attempt, amount, attempt.stage.clock.mono_ns())
    return _guarded(attempt) + _covered(attempt)


def _max_naked_s(attempt: Attempt) -> str:
    too_long_ns = round(attempt.config.max_naked_s * S) + MS
    _naked(attempt, attempt.stage.quote(attempt.config.max_naked) / 2, attempt.stage.clock.mono_ns() - too_long_ns)
    return _guarded(attempt) + _covered(attempt)


def _max_losses(attempt: Attempt) -> str:
    _lose_in_a_row(attempt)
    return _guarded(attempt)


def _cooldown_s(attempt: Attempt) -> str:
    last_ns = _lose_in_a_row(attempt)
    end_ns = last_ns + round(attempt.config.cooldown_s * S)
    attempt.risk.on_timer(end_ns - MS)
    before = f"{attempt.risk.state.name} by {', '.join(attempt.risk.why)}"
    attempt.risk.on_timer(end_ns)
    return f"{before}, then {attempt.risk.state.name}"


def _max_daily_loss(attempt: Attempt) -> str:
    stage = attempt.stage
    _lose(attempt, attempt.config.max_daily_loss * _BEYOND)
    stopped = _guarded(attempt)
    attempt.risk.resume("drill", stage.clock.mono_ns())
    return f"{stopped}, then {attempt.risk.state.name}"


# ------------------------------------------------------------------------------------------- facts


def _guarded(attempt: Attempt) -> str:
    verdict = _plain(attempt)
    told = attempt.moves[-1].after if attempt.moves else None
    state = attempt.risk.state
    return f"{verdict}, {state.name if told is state else 'without a word'}"


def _covered(attempt: Attempt) -> str:
    _naked(attempt, _NONE, attempt.stage.clock.mono_ns())
    return f", then {attempt.risk.state.name}"


def _worth(attempt: Attempt, amount: Decimal) -> Plan:
    return attempt.stage.plan(attempt.stage.quote(amount))


def _cycle(number: int) -> CycleId:
    return CycleId(f"drill-{number}")


def _open(attempt: Attempt, *plans: Plan) -> None:
    clock = attempt.stage.clock
    for number, plan in enumerate(plans):  # their orders are left out: how many were sent is another limit
        attempt.risk.on_fact(CycleOpened(_cycle(number), plan, (), clock.mono_ns(), clock.wall_ns()))


def _naked(attempt: Attempt, notional: Decimal, since_ns: int) -> None:
    stage = attempt.stage
    attempt.risk.on_fact(NakedMoved(_cycle(0), stage.buy.quote, notional, since_ns, stage.clock.mono_ns()))


def _lose(attempt: Attempt, amount: Decimal) -> int:
    """One cycle ends with this loss, in the currency of the limits. Returns when."""
    stage = attempt.stage
    at_ns = stage.clock.mono_ns()
    loss = -stage.quote(amount)
    closed = CycleClosed(
        _cycle(0), stage.symbol, CycleEnd.FLAT, (), _NONE, None, loss, _NONE, _NONE, "drill", at_ns,
        stage.clock.wall_ns(),
    )  # fmt: skip
    attempt.risk.on_fact(closed)
    return at_ns


def _lose_in_a_row(attempt: Attempt) -> int:
    """As many losses as the limit says, together half of what may be lost in a day."""
    most = attempt.config.max_losses
    each = attempt.config.max_daily_loss / (2 * most)
    return [_lose(attempt, each) for _ in range(most)][-1]
