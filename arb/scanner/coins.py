"""Is it the same coin, and can it be moved: what contract addresses and networks prove, and what they do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from arb.domain import Check, Coin, CoinNetwork, Market, Reason, VenueId
from arb.units import plain

Networks = Mapping[str, CoinNetwork]  # by unified network name

_HEX = re.compile(r"0x[0-9a-f]+", re.IGNORECASE)


def normal(contract: str) -> str:
    """One spelling for one contract; "" for a native coin, also where a venue writes it as an address of only 0 or e.

    Hexadecimal addresses mean the same in either case; Move's ("0x2::sui::SUI") with or without leading zeros too,
    but the names behind them do not. Every other alphabet tells its cases apart.
    """
    address, separator, name = contract.strip().partition("::")
    if _HEX.fullmatch(address):
        address = address.lower()
        if separator:
            address = "0x" + address[2:].lstrip("0")
        elif set(address[2:]) in ({"0"}, {"e"}):
            return ""
    return address + separator + name


def pinned(pins: frozenset[str], coin: Coin, one: VenueId, other: VenueId) -> bool:
    """Whether the user named this coin, everywhere or between these two venues."""
    return bool(pins & {coin, f"{coin}:{one}:{other}", f"{coin}:{other}:{one}"})


def identity(
    buy: Market,
    sell: Market,
    buy_networks: Networks,
    sell_networks: Networks,
    same: frozenset[str],
    different: frozenset[str],
) -> Check:
    """Whether both markets trade the same base coin.

    Equal contracts on a common network prove that it is (one such network is enough: a coin may be wrapped elsewhere),
    different ones there that it is not. A contract given without its network can only prove sameness. A native coin
    ("") against a contract proves nothing: venues disagree on what to call the native coin's contract.
    """
    coin = buy.base
    if pinned(different, coin, buy.venue, sell.venue):
        return _identity(False, f"{coin} is pinned as different coins by the user")
    if pinned(same, coin, buy.venue, sell.venue):
        return _identity(True, f"{coin} is pinned as the same coin by the user")
    differing = ""
    for name in sorted(buy_networks.keys() & sell_networks.keys()):
        one, other = buy_networks[name].contract, sell_networks[name].contract
        if one is None or other is None:
            continue
        if normal(one) == normal(other):
            return _identity(
                True, f"same contract {one} on {name}" if normal(one) else f"native coin of {name} on both"
            )
        if _differ(one, other):
            differing = differing or f"on {name} {buy.venue} has {one}, {sell.venue} has {other}"
    for market, peer, networks in ((buy, sell, sell_networks), (sell, buy, buy_networks)):
        contract = normal(market.contract)
        if contract and contract in {normal(peer.contract), *(normal(n.contract or "") for n in networks.values())}:
            return _identity(True, f"{market.venue} and {peer.venue} both name the contract {contract}")
    if differing:
        return _identity(False, differing)
    return _identity(None, "no contract address to compare")


def transfer(buy: Market, sell: Market, buy_networks: Networks, sell_networks: Networks, *, same: bool) -> Check:
    """Whether what is bought can be sent to where it is sold. same: the user vouches for the coin, contracts or not."""
    for market, networks in ((buy, buy_networks), (sell, sell_networks)):
        if not networks:
            return _transfer(None, f"{market.venue} does not tell the networks of {market.base}")
    unsure: list[str] = []
    closed: list[str] = []
    for name in sorted(buy_networks.keys() & sell_networks.keys()):
        out, into = buy_networks[name], sell_networks[name]
        if not same and _differ(out.contract, into.contract):
            closed.append(f"{name} holds another contract")
            continue
        if out.withdraw and into.deposit:
            fee = "" if out.withdraw_fee is None else f", withdrawal fee {plain(out.withdraw_fee)} {buy.base}"
            return _transfer(True, f"{name} open from {buy.venue} to {sell.venue}{fee}")
        if out.withdraw is False:
            closed.append(f"{name} withdrawal closed at {buy.venue}")
        elif into.deposit is False:
            closed.append(f"{name} deposit closed at {sell.venue}")
        else:
            unsure.append(name)
    if unsure:
        return _transfer(None, f"not told whether {', '.join(unsure)} is open")
    if closed:
        return _transfer(False, "; ".join(closed))
    return _transfer(False, f"{buy.venue} has {_names(buy_networks)}; {sell.venue} has {_names(sell_networks)}")


def _differ(one: str | None, other: str | None) -> bool:
    """Whether both are contracts, and not one and the same."""
    first, second = normal(one or ""), normal(other or "")
    return bool(first) and bool(second) and first != second


def _names(networks: Iterable[str]) -> str:
    return ", ".join(sorted(networks))


def _identity(ok: bool | None, why: str) -> Check:
    return Check("identity", ok, why, Reason.IDENTITY_MISMATCH if ok is False else Reason.OK)


def _transfer(ok: bool | None, why: str) -> Check:
    return Check("transfer", ok, why, Reason.NO_COMMON_NETWORK if ok is False else Reason.OK)
