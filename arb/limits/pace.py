"""Limits on how much happens at once, and on what may be left unanswered."""

from __future__ import annotations

from arb.domain import Plan
from arb.limits.moment import Moment

MS = 1_000_000
_LEGS = 2


def max_loop_lag_ms(moment: Moment, plan: Plan) -> str:  # noqa: ARG001  the signature of a Gate
    """A process that comes late to everything comes late to its orders and their answers too."""
    late_ms, most = moment.around.late_ns(moment.now_ns) / MS, moment.config.max_loop_lag_ms
    return f"the event loop is {late_ms:.0f} ms late; {most} allowed" if late_ms > most else ""


def max_cycles(moment: Moment, plan: Plan) -> str:  # noqa: ARG001  the signature of a Gate
    running, most = len(moment.history.open), moment.config.max_cycles
    return f"{running} cycles are open; {most} allowed" if running >= most else ""


def max_orders_per_min(moment: Moment, plan: Plan) -> str:  # noqa: ARG001  the signature of a Gate
    """Orders that unwind are counted and never held back."""
    sent, most = moment.history.orders_in_minute(moment.now_ns), moment.config.max_orders_per_min
    return f"{sent} orders in the last minute and {_LEGS} more; {most} allowed" if sent + _LEGS > most else ""


def allow_unknown(moment: Moment, plan: Plan) -> str:
    left = [name for name in plan.unknowns if name not in moment.config.allow_unknown]
    return f"nobody can tell the {' and the '.join(left)} of {plan.symbol}" if left else ""
