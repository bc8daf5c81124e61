"""Orders of the simulated account: what is asked for, what became of it, and who is told."""

from __future__ import annotations

from enum import Enum
from typing import Literal, NamedTuple, Protocol

from arb.sim.ledger import Entry, Fill
from arb.sim.market import Resting, SimBook


class Tif(Enum):
    GTC = "gtc"
    IOC = "ioc"
    FOK = "fok"
    POST = "poc"


End = Literal["", "filled", "cancelled", "ioc", "fok", "poc"]


class Ticket(NamedTuple):
    """What is asked for. ticks: worst price, for a market order the protection.   lots: base; 0 if `budget` decides.

    budget: quote to spend, atoms; 0 if `lots` decide.   kind: the venue's own word for the type.
    """

    book: SimBook
    buy: bool
    market: bool
    tif: Tif
    ticks: int
    lots: int
    client_id: str
    kind: str
    budget: int = 0


class SimOrder:
    """An order and what became of it. Quantities in lots, money in atoms, times in wall ns.

    left, done: lots to go and executed.   reserve: atoms still locked for it.   end: "" while open.
    taking: still being matched on arrival.   visible_ns: since when queries find it.
    """

    __slots__ = (
        "amend_text",
        "cost",
        "created_ns",
        "done",
        "end",
        "fee",
        "fills",
        "id",
        "last_lots",
        "left",
        "maker",
        "reserve",
        "resting",
        "taking",
        "ticket",
        "updated_ns",
        "visible_ns",
    )

    def __init__(self, number: str, ticket: Ticket, now_ns: int) -> None:
        self.id = number
        self.ticket = ticket
        self.created_ns = self.updated_ns = now_ns
        self.visible_ns = 0
        self.left = ticket.lots
        self.done = self.cost = self.fee = self.reserve = self.last_lots = 0
        self.fills: list[Fill] = []
        self.end: End = ""
        self.resting: Resting | None = None
        self.taking = False
        self.maker = False
        self.amend_text = "-"

    @property
    def open(self) -> bool:
        return not self.end

    @property
    def symbol(self) -> str:
        return self.ticket.book.listing.symbol

    @property
    def fee_coin(self) -> str:
        return self.fills[-1].fee_coin if self.fills else ""


class Listener(Protocol):
    """What a venue tells its account holder. Each is called after the fact, in order."""

    def placed(self, order: SimOrder) -> None: ...

    def filled(self, order: SimOrder, fill: Fill) -> None:
        """One execution; the order may be ended by it."""

    def rested(self, order: SimOrder) -> None:
        """What was not taken waits in the book now."""

    def amended(self, order: SimOrder) -> None: ...

    def ended(self, order: SimOrder) -> None: ...

    def moved(self, entry: Entry, order: SimOrder) -> None: ...


class Killed(Exception):
    """FOK that cannot be filled, post-only that would take: args[0] is the `Tif`."""
