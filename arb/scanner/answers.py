"""What can be answered about a pair without looking at a price: asked once, and again when static facts change."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from arb.domain import BookKey, Check, Coin, CoinNetwork, FeeSchedule, Market, Reason, VenueId
from arb.interfaces import Statics
from arb.scanner.coins import Networks, identity, pinned, transfer
from arb.scanner.settings import ScanSettings
from arb.units import plain
from arb.walk import PairRules

_UNANSWERED = {"identity": Reason.IDENTITY_UNKNOWN, "transfer": Reason.TRANSFER_UNKNOWN}


class Facts:
    """Static facts of all venues by what one asks for."""

    __slots__ = ("_networks", "fees", "markets")

    def __init__(self, statics: Iterable[Statics]) -> None:
        self.markets: dict[BookKey, Market] = {}
        self.fees: dict[BookKey, FeeSchedule] = {}
        self._networks: dict[tuple[VenueId, Coin], dict[str, CoinNetwork]] = {}
        for one in statics:
            self.markets.update({(m.venue, m.symbol): m for m in one.markets})
            self.fees.update({(f.venue, f.symbol): f for f in one.fees})
            for network in one.networks:
                self._networks.setdefault((network.venue, network.coin), {})[network.network] = network

    def networks(self, venue: VenueId, coin: Coin) -> Networks:
        return self._networks.get((venue, coin), {})


class Answers(msgspec.Struct, frozen=True):
    """rules: None where a fee is not known.   size: the most quote spent; None where the user gave none.

    early, late: the first refusal of these checks that comes before and after the price ratio's; OK where none does.
    by_ratio: whether a price ratio can put the identity in doubt.   unknown: something has no answer, and may lack it.
    """

    tradable: Check
    identity: Check
    transfer: Check
    fee: Check
    buy_fee: FeeSchedule | None
    sell_fee: FeeSchedule | None
    rules: PairRules | None
    size: Decimal | None
    early: Reason
    late: Reason
    by_ratio: bool
    unknown: bool


def answer(buy: Market, sell: Market, facts: Facts, settings: ScanSettings) -> Answers:
    """Everything static about buying at `buy` and selling at `sell`."""
    same = pinned(settings.same, buy.base, buy.venue, sell.venue)
    networks = facts.networks(buy.venue, buy.base), facts.networks(sell.venue, sell.base)
    tradable = _tradable(buy, sell)
    identified = _allow(identity(buy, sell, *networks, settings.same, settings.different), settings)
    movable = _allow(transfer(buy, sell, *networks, same=same), settings)
    buy_fee, sell_fee = facts.fees.get((buy.venue, buy.symbol)), facts.fees.get((sell.venue, sell.symbol))
    fee = _fee(buy, buy_fee, sell, sell_fee)
    rules = None
    if fee.ok and buy_fee is not None and sell_fee is not None and buy.step > 0 and sell.step > 0:
        rules = PairRules.of(buy, buy_fee, sell, sell_fee)
    mismatch = identified.reason if identified.ok is False else Reason.OK
    late = (check.reason for check in (identified, movable) if check.reason not in (Reason.OK, Reason.UNKNOWN))
    return Answers(
        tradable=tradable,
        identity=identified,
        transfer=movable,
        fee=fee,
        buy_fee=buy_fee,
        sell_fee=sell_fee,
        rules=rules,
        size=settings.sizes.get(buy.quote),
        early=tradable.reason or mismatch,
        late=next(late, Reason.OK),
        by_ratio=not same,
        unknown=identified.ok is None or movable.ok is None,
    )


def _allow(check: Check, settings: ScanSettings) -> Check:
    """What a missing answer means under the user's policy."""
    if check.ok is not None:
        return check
    allowed = check.id in settings.may_be_unknown
    return msgspec.structs.replace(check, reason=Reason.UNKNOWN if allowed else _UNANSWERED[check.id])


def _tradable(buy: Market, sell: Market) -> Check:
    closed = []
    for market, open_, word in ((buy, buy.buyable, "buys"), (sell, sell.sellable, "sales")):
        if not open_:
            closed.append(f"{market.venue} is closed to {word}" + (f": {market.why}" if market.why else ""))
        elif market.step <= 0:
            closed.append(f"{market.venue} gives no quantity step")
    if closed:
        return Check("tradable", False, "; ".join(closed), Reason.NOT_TRADABLE)
    return Check("tradable", True, f"{buy.venue} is open to buys, {sell.venue} to sales")


def _fee(buy: Market, buy_fee: FeeSchedule | None, sell: Market, sell_fee: FeeSchedule | None) -> Check:
    missing = []
    told = []
    for venue, fee in ((buy.venue, buy_fee), (sell.venue, sell_fee)):
        if fee is None:
            missing.append(f"the taker fee of {venue} is not known")
        elif not -1 < fee.taker < 1:
            missing.append(f"the taker fee of {venue} cannot be {plain(fee.taker)}")
        else:
            coin = fee.buy_coin if fee is buy_fee else fee.sell_coin
            told.append(f"{venue} takes {plain(fee.taker)} in {coin.name.lower()} ({fee.source.name.lower()})")
    if missing:
        return Check("fee", False, "; ".join(missing), Reason.NO_FEE)
    return Check("fee", True, ", ".join(told))
