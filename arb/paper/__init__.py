"""Paper trading: the same orders as live, filled against the live books, and never kinder than live."""

from arb.paper.trading import PaperTrading

__all__ = ["PaperTrading"]
