"""Intent -> Plan or Refused, on the books, balances and rules of this very moment."""

from arb.planner.planner import Planner

__all__ = ["Planner"]
