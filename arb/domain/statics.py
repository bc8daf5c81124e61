"""Facts that may be cached: they change by announcement, not by trading."""

from __future__ import annotations

from decimal import Decimal

from arb.domain.codes import Coin, FeeCoin, FeeSource, NativeSymbol, Symbol, VenueId
from arb.domain.fact import Fact


class Static(Fact, frozen=True, gc=False):
    """Base of what may be cached. Nothing that a stream feeds ever derives from it."""


class Market(Static, frozen=True, gc=False):
    """The trading rules of one pair.

    tick: price step.   step: quantity step.
    min_qty, max_qty: base.   min_notional, max_notional: quote; None: no limit.
    buyable, sellable: open to API orders of that side; `why` says what closed them.
    contract: the token's contract address where the market list gives one ("": not given).
    """

    venue: VenueId
    symbol: Symbol
    native: NativeSymbol
    base: Coin
    quote: Coin
    tick: Decimal
    step: Decimal
    min_qty: Decimal | None = None
    max_qty: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    buyable: bool = True
    sellable: bool = True
    why: str = ""
    contract: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for steps and limits that no market has: a file may say anything. A step of 0 is none."""
        for amount in (self.tick, self.step, self.min_qty, self.max_qty, self.min_notional, self.max_notional):
            if amount is not None and not (amount.is_finite() and amount >= 0):
                raise ValueError(f"a step or limit of {amount:.20}")


class FeeSchedule(Static, frozen=True, gc=False):
    """What a trade costs: rates as fractions (0.001 is 10 bps), and the coin each side pays in."""

    venue: VenueId
    symbol: Symbol
    taker: Decimal
    maker: Decimal
    source: FeeSource
    buy_coin: FeeCoin = FeeCoin.QUOTE
    sell_coin: FeeCoin = FeeCoin.QUOTE

    def __post_init__(self) -> None:
        """Raises ValueError for rates that are no numbers; whether they can be meant is asked where they are used."""
        for rate in (self.taker, self.maker):
            if not rate.is_finite():
                raise ValueError(f"a fee of {rate}")


class CoinNetwork(Static, frozen=True, gc=False):
    """One way to move a coin in and out of a venue. None: the venue does not say.

    network: unified name ("ERC20").   contract: the token's address there; "" for a native coin; None: not told.
    """

    venue: VenueId
    coin: Coin
    network: str
    contract: str | None = None
    deposit: bool | None = None
    withdraw: bool | None = None
    withdraw_fee: Decimal | None = None
