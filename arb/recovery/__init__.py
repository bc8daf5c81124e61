"""Before an engine trades: what an earlier process left is ended, and what the venues hold is explained."""

from arb.recovery.proving import keep_proving
from arb.recovery.recover import Recovered, recover

__all__ = ["Recovered", "recover", "keep_proving"]
