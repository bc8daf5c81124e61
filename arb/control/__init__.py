"""Asking a running engine: the verbs, the owner-only socket they travel through, and what waits for the next start."""

from arb.control.client import ask
from arb.control.server import ControlServer
from arb.control.verbs import (
    BALANCES,
    CANCEL_ALL,
    FLATTEN,
    HALT,
    RESUME,
    STATUS,
    UPTIME,
    BalancesReply,
    CancelReply,
    FlattenReply,
    Operated,
    RiskReply,
    UptimeReply,
    Verb,
    verbs_of,
)
from arb.control.wishes import Wish, clear_wish, read_wish, record_wish, wish_path

__all__ = [
    "ControlServer",
    "ask",
    "Operated",
    "verbs_of",
    "Verb",
    "STATUS",
    "HALT",
    "RESUME",
    "CANCEL_ALL",
    "FLATTEN",
    "BALANCES",
    "UPTIME",
    "RiskReply",
    "CancelReply",
    "FlattenReply",
    "BalancesReply",
    "UptimeReply",
    "Wish",
    "wish_path",
    "record_wish",
    "read_wish",
    "clear_wish",
]
