"""The exact walk through two books at once: how much to buy here and sell there, and what it earns."""

from arb.walk.rules import DOUBT, PairRules
from arb.walk.search import Walk, walk, walk_books

__all__ = ["DOUBT", "PairRules", "Walk", "walk", "walk_books"]
