"""What an account owns and every reason why: the truth that money tests compare with.

Money is counted in atoms, whole units of 10 to the -18 of any coin: sums are exact, and end where they began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from arb.sim.market import Listing, text

DECIMALS = 18
MOST = 100_000  # changes, fills and orders that are remembered; then the older half is forgotten

# lock: reserved for an order.  match: given or received.  fee.  unlock: reserved no longer
Cause = Literal["lock", "match", "fee", "unlock"]


class Short(Exception):
    """Not enough free money for an order. args: the coin."""


class Entry(NamedTuple):
    """One change of one coin, and what stands after it; atoms.

    number: counts up within the ledger.   at_ns: wall time.   trade: of the match or fee, else "".
    """

    number: int
    at_ns: int
    coin: str
    cause: Cause
    free_change: int
    locked_change: int
    free: int
    locked: int
    order_id: str
    trade: str


class Fill(NamedTuple):
    """One execution of one of the account's orders. trade_id: the venue's spelling; unique within symbol and order."""

    at_ns: int
    symbol: str
    order_id: str
    client_id: str
    trade_id: str
    buy: bool
    price: Decimal
    qty: Decimal
    quote: Decimal
    fee: Decimal
    fee_coin: str
    maker: bool
    self_trade: bool


class OrderFacts(NamedTuple):
    """An order as it stands. price: None for a market order without one.   status: open, filled, cancelled."""

    order_id: str
    client_id: str
    symbol: str
    buy: bool
    qty: Decimal
    filled: Decimal
    quote: Decimal
    fee: Decimal
    fee_coin: str
    status: str


class Ledger:
    """One venue's account. start: what it owned in the beginning, by coin, as decimal text.

    A simulation that runs for days forgets the older half of its history now and then; sums stay right.
    """

    def __init__(self, start: Mapping[str, str]) -> None:
        self._start = {coin: to_atoms(amount) for coin, amount in start.items()}
        self._free = dict(self._start)
        self._locked = dict.fromkeys(self._start, 0)
        self._before = dict(self._start), dict(self._locked)  # free and locked before the first entry that is known
        self._number = 0
        self._changes: dict[str, int] = {}
        self._entries: list[Entry] = []
        self._fills: list[Fill] = []
        self._orders: dict[str, OrderFacts] = {}

    # -- what happened, for tests ---------------------------------------------------------------------------------

    @property
    def start(self) -> Mapping[str, Decimal]:
        return {coin: amount(atoms) for coin, atoms in self._start.items()}

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    @property
    def fills(self) -> Sequence[Fill]:
        return self._fills

    @property
    def orders(self) -> Mapping[str, OrderFacts]:
        """Every order that was accepted, by the venue's id, oldest first."""
        return self._orders

    @property
    def balances(self) -> Mapping[str, tuple[Decimal, Decimal]]:
        """coin -> (free, locked)."""
        return {coin: (amount(self._free[coin]), amount(self._locked[coin])) for coin in self._free}

    def changes_of(self, coin: str) -> int:
        """How often a coin has changed."""
        return self._changes.get(coin, 0)

    def total(self, coin: str) -> Decimal:
        """Free and locked together; 0 for a coin that was never owned."""
        return amount(self._free.get(coin, 0) + self._locked.get(coin, 0))

    def check(self) -> None:
        """Raises AssertionError unless start and changes add up to the present, and nothing was ever negative."""
        free, locked = map(dict, self._before)
        for entry in self._entries:
            free[entry.coin] = free.get(entry.coin, 0) + entry.free_change
            locked[entry.coin] = locked.get(entry.coin, 0) + entry.locked_change
            if (free[entry.coin], locked[entry.coin]) != (entry.free, entry.locked):
                raise AssertionError(f"{entry} does not follow from what was before")
            if entry.free < 0 or entry.locked < 0:
                raise AssertionError(f"{entry} is negative")
        if free != self._free or locked != self._locked:
            raise AssertionError("the changes do not add up to the balances")

    # -- how it happens, for the engine ---------------------------------------------------------------------------

    def free(self, coin: str) -> int:
        """Atoms."""
        return self._free.get(coin, 0)

    def locked(self, coin: str) -> int:
        """Atoms."""
        return self._locked.get(coin, 0)

    def change(
        self, at_ns: int, coin: str, cause: Cause, free: int, locked: int, order_id: str, trade: str = ""
    ) -> Entry:
        """Move atoms. Raises Short, and moves nothing, if that would leave less than nothing."""
        free_now, locked_now = self.free(coin) + free, self.locked(coin) + locked
        if free_now < 0 or locked_now < 0:
            raise Short(coin)
        self._free[coin], self._locked[coin] = free_now, locked_now
        self._changes[coin] = self._changes.get(coin, 0) + 1
        self._number += 1
        entry = Entry(self._number, at_ns, coin, cause, free, locked, free_now, locked_now, order_id, trade)
        self._entries.append(entry)
        if len(self._entries) > MOST:
            self._forget_entries()
        return entry

    def note_fill(self, fill: Fill) -> None:
        self._fills.append(fill)
        if len(self._fills) > MOST:
            del self._fills[: MOST // 2]

    def note_order(self, facts: OrderFacts) -> None:
        """What became of an order; replaces what was noted before."""
        self._orders[facts.order_id] = facts
        if len(self._orders) > MOST:
            for number, each in list(self._orders.items())[: MOST // 2]:
                if each.status != "open":
                    del self._orders[number]

    def _forget_entries(self) -> None:
        free, locked = self._before
        for entry in self._entries[: MOST // 2]:
            free[entry.coin], locked[entry.coin] = entry.free, entry.locked
        del self._entries[: MOST // 2]


def to_atoms(decimal_text: str) -> int:
    """Raises ValueError for what is no decimal number, or has more than 18 decimals."""
    whole, _, fraction = decimal_text.partition(".")
    if len(fraction) > DECIMALS or not (whole + fraction).isdecimal():
        raise ValueError(f"{decimal_text!r} is no amount")
    return int(whole + fraction.ljust(DECIMALS, "0"))


def amount(atoms: int) -> Decimal:
    """Exact, whatever the decimal context."""
    return Decimal(plain(atoms))


def plain(atoms: int) -> str:
    """Decimal text without padding; "-0.5" for less than nothing."""
    return "-" + text(-atoms, DECIMALS) if atoms < 0 else text(atoms, DECIMALS)


def worth(listing: Listing, ticks: int, lots: int) -> int:
    """Price times quantity, in atoms of quote."""
    return ticks * lots * pow10(DECIMALS - listing.price_decimals - listing.qty_decimals)


def base_atoms(listing: Listing, lots: int) -> int:
    return lots * pow10(DECIMALS - listing.qty_decimals)


def pow10(decimals: int) -> int:
    return int(10**decimals)
