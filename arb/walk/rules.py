"""What is static about buying at one venue and selling at another, worked out once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import msgspec

from arb.domain import FeeCoin, FeeSchedule, Market

# Two roundings of a float product err by less than this; whatever is closer to the border is decided exactly.
DOUBT = 1.0 - 1e-12


class PairRules(msgspec.Struct, frozen=True):
    """Steps, fees and limits of one direction as integers.

    n steps of `buy_step` bought leave floor(n * num / den) steps of `sell_step` to sell.
    A notional C costs C * cost / 10**fee_places with the buyer's fee; P brings P * gain / 10**fee_places after the
    seller's. Counts are in steps of their side, notionals in quote; None: no limit.   qty_places: of the finer step.
    hurdle: the least ratio of bid to ask that pays.
    """

    buy_step: Decimal
    sell_step: Decimal
    num: int
    den: int
    cost: int
    gain: int
    fee_places: int
    qty_places: int
    min_bought: int
    max_bought: int | None
    min_sold: int
    max_sold: int | None
    min_spend: Decimal
    max_spend: Decimal | None
    min_proceeds: Decimal
    max_proceeds: Decimal | None
    hurdle: float

    @classmethod
    def of(cls, buy: Market, buy_fee: FeeSchedule, sell: Market, sell_fee: FeeSchedule) -> PairRules:
        """Takes liquidity on both sides. Steps > 0; rates between -1 and 1 (exclusive).

        A buy fee in base is taken from what arrives; a sell fee in base is taken on top of what is sold, so that both
        must fit into what arrived.
        """
        arrives = Fraction(buy.step)
        needs = Fraction(sell.step)
        cost = gain = Fraction(1)
        if buy_fee.buy_coin is FeeCoin.BASE:
            arrives *= 1 - Fraction(buy_fee.taker)
        else:
            cost += Fraction(buy_fee.taker)
        if sell_fee.sell_coin is FeeCoin.BASE:
            needs *= 1 + Fraction(sell_fee.taker)
        else:
            gain -= Fraction(sell_fee.taker)
        ratio = arrives / needs
        fee_places = max(_places(buy_fee.taker), _places(sell_fee.taker))
        scale = 10**fee_places
        return cls(
            buy_step=buy.step,
            sell_step=sell.step,
            num=ratio.numerator,
            den=ratio.denominator,
            cost=int(cost * scale),
            gain=int(gain * scale),
            fee_places=fee_places,
            qty_places=max(_places(buy.step), _places(sell.step)),
            min_bought=max(1, ceil(_steps(buy.min_qty or Decimal(0), buy.step))),
            max_bought=None if buy.max_qty is None else floor(_steps(buy.max_qty, buy.step)),
            min_sold=max(1, ceil(_steps(sell.min_qty or Decimal(0), sell.step))),
            max_sold=None if sell.max_qty is None else floor(_steps(sell.max_qty, sell.step)),
            min_spend=buy.min_notional or Decimal(0),
            max_spend=buy.max_notional,
            min_proceeds=sell.min_notional or Decimal(0),
            max_proceeds=sell.max_notional,
            hurdle=float(cost * Fraction(buy.step) / (gain * ratio * Fraction(sell.step))),
        )

    def crossed_net(self, ask: float, bid: float) -> bool:
        """Whether buying at `ask` and selling at `bid` may pay after fees. Never a wrong no; `walk` decides exactly."""
        return bid > ask * self.hurdle * DOUBT

    def sold(self, bought: int) -> int:
        """Steps sold of so many steps bought."""
        return bought * self.num // self.den

    def most_bought(self, sold: int) -> int:
        """The most steps bought that leave no more than `sold` steps to sell."""
        return ((sold + 1) * self.den - 1) // self.num

    def fewest_bought(self, sold: int) -> int:
        """The fewest steps bought that leave at least `sold` steps to sell."""
        return -(-sold * self.den // self.num)


def _steps(quantity: Decimal, step: Decimal) -> Fraction:
    return Fraction(quantity) / Fraction(step)


def _places(value: Decimal) -> int:
    return max(0, -int(value.as_tuple().exponent))
