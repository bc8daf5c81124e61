"""MEXC's wallet facts: coins, networks, what can be moved, and the simulated account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arb.sim.market import Network

if TYPE_CHECKING:
    from arb.sim.mexc.server import Venue

# neutral chain -> (the old label, the id that a withdrawal wants)
_CHAINS = {
    "ETH": ("ERC20", "ETH"),
    "BSC": ("BEP20(BSC)", "BSC"),
    "TRX": ("TRC20", "TRX"),
    "SOL": ("Solana(SOL)", "SOL"),
    "ARB": ("Arbitrum One(ARB)", "ARB"),
    "AVAX": ("Avalanche C Chain(AVAX CCHAIN)", "AVAX_CCHAIN"),
    "OP": ("Optimism(OP)", "OP"),
}


def config_all(venue: Venue) -> list[dict[str, object]]:
    """GET capital/config/getall."""
    catalogue = venue.market.catalogue
    return [
        {
            "coin": coin,
            "Name": catalogue.names[coin],
            "networkList": [_network(coin, catalogue.names[coin], n) for n in networks],
        }
        for coin, networks in catalogue.networks[venue.name].items()
    ]


def _network(coin: str, name: str, network: Network) -> dict[str, object]:
    label, wire = _CHAINS.get(network.chain, (network.chain, network.chain))
    return {
        "coin": coin,
        "depositDesc": None if network.deposit else "Wallet maintenance, deposit suspended",
        "depositEnable": network.deposit,
        "minConfirm": 12,
        "Name": name,
        "network": label,
        "netWork": wire,
        "withdrawEnable": network.withdraw,
        "withdrawFee": _long(network.withdraw_fee),
        "withdrawIntegerMultiple": None,
        "withdrawMax": "1000000.000000000000000000",
        "withdrawMin": _long(network.withdraw_min),
        "sameAddress": False,
        "contract": network.contract,
        "withdrawTips": None,
        "depositTips": None,
    }


def _long(number: str) -> str:
    """Padded to 18 decimals, as the venue does."""
    whole, _, fraction = number.partition(".")
    return f"{whole}.{fraction.ljust(18, '0')}"


def account(venue: Venue) -> dict[str, object]:
    """GET account."""
    return {
        "canTrade": True,
        "canWithdraw": True,
        "canDeposit": True,
        "updateTime": None,
        "accountType": "SPOT",
        "balances": [
            {"asset": coin, "free": f"{free:f}", "locked": f"{locked:f}", "available": f"{free:f}"}
            for coin, (free, locked) in venue.ledger.balances.items()
        ],
        "permissions": ["SPOT"],
    }
