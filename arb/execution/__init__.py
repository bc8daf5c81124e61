"""From an approved plan to orders, and from their outcomes to a cycle that is flat, hedged or reported."""

from arb.execution.executor import Executor
from arb.execution.ids import Ids, client_id, cycle_of, ours
from arb.execution.proving import Unproven, proven

__all__ = ["Executor", "Ids", "Unproven", "client_id", "cycle_of", "ours", "proven"]
