"""What is static about executing one direction between two venues, worked out once: steps, fees, minimums, slippage."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction
from math import ceil, inf

import msgspec

from arb.config import ExecutionConfig
from arb.domain import BookKey, FeeCoin, FeeSchedule, Market, Symbol, VenueId
from arb.walk import PairRules, Walk

_EXACT = Context(prec=100)
_UP = Context(prec=50, rounding=ROUND_CEILING)
_NONE, _ONE, _BPS = Decimal(0), Decimal(1), Decimal(10_000)
_MOST_HEADROOM = Decimal("0.1")  # a ladder that would give away more is no reason to ask for larger trades


class Pairing(msgspec.Struct, frozen=True):
    """rules: of the walk, which value prices as worse by `slip` than they are, with headroom above the minimums.

    buy_lock: quote that the buy venue may take for each quote of a buy's notional, its fee included.
    sell_lock: base that the sell venue may take for each base sold.
    """

    buy: Market
    sell: Market
    buy_fee: FeeSchedule
    sell_fee: FeeSchedule
    rules: PairRules
    slip: Decimal
    buy_lock: Decimal
    sell_lock: Decimal

    def paid(self, walk: Walk) -> Decimal:
        """What a walk by `rules` pays at the books' own prices, before fees. Exact."""
        return _EXACT.divide(walk.spent, _EXACT.multiply(_cost(self.buy_fee), 1 + self.slip))

    def proceeds(self, walk: Walk) -> Decimal:
        """What it is paid, before fees. Exact."""
        return _EXACT.divide(walk.received, _EXACT.multiply(_gain(self.sell_fee), 1 - self.slip))

    def profit(self, paid: Decimal, proceeds: Decimal) -> Decimal:
        """Quote received less quote spent, after the fees that are taken in quote."""
        received = _EXACT.multiply(proceeds, _gain(self.sell_fee))
        return _EXACT.subtract(received, _EXACT.multiply(paid, _cost(self.buy_fee)))


class Pairings:
    """market, fee: the static facts as they are now; what was worked out of facts since replaced is worked out anew."""

    def __init__(
        self,
        market: Callable[[BookKey], Market | None],
        fee: Callable[[BookKey], FeeSchedule | None],
        config: ExecutionConfig,
    ) -> None:
        self._market = market
        self._fee = fee
        self._slip = config.slippage_bps / _BPS
        loss = max((step.max_loss_bps for step in config.unwind), default=_NONE) / _BPS
        self._headroom = min(loss, _MOST_HEADROOM)
        self._made: dict[tuple[Symbol, VenueId, VenueId], Pairing] = {}

    def of(self, symbol: Symbol, buy_venue: VenueId, sell_venue: VenueId) -> Pairing | str:
        """Buying at one and selling at the other, or why that cannot be."""
        buy, sell = self._market((buy_venue, symbol)), self._market((sell_venue, symbol))
        buy_fee, sell_fee = self._fee((buy_venue, symbol)), self._fee((sell_venue, symbol))
        made = self._made.get((symbol, buy_venue, sell_venue))
        if (
            made is not None
            and made.buy is buy
            and made.sell is sell
            and made.buy_fee is buy_fee
            and made.sell_fee is sell_fee
        ):
            return made
        if buy is None or sell is None:
            return f"{buy_venue if buy is None else sell_venue} does not list {symbol}"
        for market, open_, word in ((buy, buy.buyable, "buys"), (sell, sell.sellable, "sales")):
            if not open_:
                return f"{market.venue} is closed to {word} of {symbol}" + (f": {market.why}" if market.why else "")
            if market.step <= 0 or market.tick <= 0:
                return f"{market.venue} gives no quantity step or no tick for {symbol}"
        if buy_fee is None or not -1 < buy_fee.taker < 1:
            return f"the taker fee of {buy_venue} for {symbol} is not known"
        if sell_fee is None or not -1 < sell_fee.taker < 1:
            return f"the taker fee of {sell_venue} for {symbol} is not known"
        pairing = self._made[symbol, buy_venue, sell_venue] = Pairing(
            buy=buy,
            sell=sell,
            buy_fee=buy_fee,
            sell_fee=sell_fee,
            rules=self._rules(buy, buy_fee, sell, sell_fee),
            slip=self._slip,
            buy_lock=max(_ONE, _cost(buy_fee)),  # a rebate comes afterwards: what must be there before is no less
            sell_lock=max(_ONE, 1 + _in_base(sell_fee.sell_coin, sell_fee)),
        )
        return pairing

    def _rules(self, buy: Market, buy_fee: FeeSchedule, sell: Market, sell_fee: FeeSchedule) -> PairRules:
        plain = PairRules.of(buy, buy_fee, sell, sell_fee)
        exponent = self._slip.normalize().as_tuple().exponent
        places = max(0, -int(exponent))
        worse = int(self._slip.scaleb(places))
        gain = plain.gain * (10**places - worse)
        arrives = _ONE - max(_NONE, _in_base(buy_fee.buy_coin, buy_fee))  # what is left of one base bought
        room = _EXACT.multiply(_ONE - self._headroom, arrives)
        return msgspec.structs.replace(
            plain,
            cost=plain.cost * (10**places + worse),
            gain=gain,
            fee_places=plain.fee_places + places,
            hurdle=plain.hurdle * float((1 + self._slip) / (1 - self._slip)) if gain else inf,
            min_bought=ceil(plain.min_bought / Fraction(arrives)),
            min_spend=_UP.divide(plain.min_spend, room),
            min_proceeds=_UP.divide(plain.min_proceeds, _ONE - self._headroom),
        )


def _cost(fee: FeeSchedule) -> Decimal:
    """Quote spent for each quote of a buy's notional."""
    return 1 + fee.taker if fee.buy_coin is FeeCoin.QUOTE else _ONE


def _gain(fee: FeeSchedule) -> Decimal:
    """Quote received for each quote of a sale's notional."""
    return 1 - fee.taker if fee.sell_coin is FeeCoin.QUOTE else _ONE


def _in_base(coin: FeeCoin, fee: FeeSchedule) -> Decimal:
    return fee.taker if coin is FeeCoin.BASE else _NONE
