"""The cast: coins, their rough prices, and the special cases every check of the engine should meet."""

from __future__ import annotations

from typing import NamedTuple

from arb.sim.market.listing import Quirk, Standing

# (coin, name, price in USDT, chains). The first chain is home; a coin with a chain of its own has no contract there.
MAJORS: tuple[tuple[str, str, float, str], ...] = (
    ("BTC", "Bitcoin", 86_500.0, "BTC BSC"),
    ("ETH", "Ethereum", 3_120.0, "ETH ARB BSC"),
    ("SOL", "Solana", 142.0, "SOL"),
    ("XRP", "XRP", 2.21, "XRP BSC"),
    ("DOGE", "Dogecoin", 0.1621, "DOGE BSC"),
    ("ADA", "Cardano", 0.4712, "ADA BSC"),
    ("TRX", "TRON", 0.2881, "TRX"),
    ("LTC", "Litecoin", 92.4, "LTC BSC"),
    ("SHIB", "Shiba Inu", 0.00000921, "ETH"),
    ("PEPE", "Pepe", 0.00000472, "ETH"),
    ("LINK", "Chainlink", 13.9, "ETH ARB"),
    ("AVAX", "Avalanche", 14.6, "AVAX"),
    ("DOT", "Polkadot", 2.73, "DOT"),
    ("BCH", "Bitcoin Cash", 504.0, "BCH"),
    ("UNI", "Uniswap", 6.84, "ETH ARB"),
    ("NEAR", "NEAR", 2.11, "NEAR"),
    ("BONK", "Bonk", 0.0000102, "SOL"),
    ("APT", "Aptos", 2.91, "APT"),
    ("ARB", "Arbitrum", 0.2241, "ARB ETH"),
    ("OP", "Optimism", 0.3312, "OP"),
    ("SUI", "Sui", 1.74, "SUI"),
    ("ATOM", "Cosmos", 2.62, "ATOM"),
    ("FIL", "Filecoin", 1.83, "FIL"),
    ("ETC", "Ethereum Classic", 14.9, "ETC"),
    ("XLM", "Stellar", 0.2521, "XLM"),
    ("HBAR", "Hedera", 0.1462, "HBAR"),
    ("ALGO", "Algorand", 0.1441, "ALGO"),
    ("ICP", "Internet Computer", 4.61, "ICP"),
    ("AAVE", "Aave", 172.0, "ETH ARB"),
    ("MKR", "Maker", 1_480.0, "ETH"),
    ("YFI", "yearn.finance", 4_210.0, "ETH"),
    ("INJ", "Injective", 6.31, "INJ"),
    ("TIA", "Celestia", 0.7114, "TIA"),
    ("SEI", "Sei", 0.1541, "SEI"),
    ("SAND", "The Sandbox", 0.1612, "ETH"),
    ("MANA", "Decentraland", 0.1741, "ETH"),
    ("GALA", "Gala", 0.00741, "ETH BSC"),
    ("CRV", "Curve", 0.4213, "ETH ARB"),
    ("FLOKI", "FLOKI", 0.0000489, "ETH BSC"),
    ("BTT", "BitTorrent", 0.000000431, "TRX"),
    ("MOG", "Mog Coin", 0.000000312, "ETH"),
    ("XEC", "eCash", 0.0000124, "XEC"),
    ("WIF", "dogwifhat", 0.3781, "SOL"),
    ("JUP", "Jupiter", 0.2471, "SOL"),
    ("LDO", "Lido DAO", 0.6912, "ETH"),
    ("CAKE", "PancakeSwap", 2.31, "BSC"),
)
# Markets with other quotes: (base, quote).
OTHER_QUOTES = (
    ("BTC", "USDC"),
    ("ETH", "USDC"),
    ("ETH", "BTC"),
    ("SOL", "USDC"),
    ("LTC", "BTC"),
    ("XRP", "BTC"),
)
USD_PER_QUOTE = {"USDT": 1.0, "USDC": 1.0, "BTC": 86_500.0}
QUOTE_NAMES = {"USDT": "Tether", "USDC": "USD Coin", "BTC": "Bitcoin"}
QUOTE_CHAINS = {"USDT": "ETH TRX BSC ARB", "USDC": "ETH SOL ARB BSC"}


class Special(NamedTuple):
    """A market with a trap.

    factor: the second venue's price over the first's.   quirk: a restriction, on the venue that knows it.
    contracts: "same" as everywhere, "other": a different token under the same ticker, "one": equal on one network only,
    "none": no network in common.   closed: which end of the way is shut.
    """

    base: str
    name: str
    price: float
    standing: Standing
    factor: float = 1.0
    quirk: Quirk = ""
    contracts: str = "same"
    closed: str = ""


SPECIALS = (
    Special("HELIO", "Helio (two coins, one ticker)", 0.0412, "different coin", 7.31, contracts="other"),
    Special("TWYN", "Twyn (same contract on one network only)", 1.27, "", contracts="one"),
    Special("NOAPI", "Webonly", 0.531, "not tradable by API", 1.0085, "no_api"),
    Special("ZONK", "Zonk", 0.00352, "special treatment", 1.0110, "special_treatment"),
    Special("HOLDUP", "Holdup", 2.44, "paused", 1.0075, "paused"),
    Special("FROZN", "Frozn", 0.0871, "untradable", 1.0090, "untradable"),
    Special("ONEWAY", "Oneway", 11.3, "sell only", 0.9915, "sell_only"),
    Special("EARLYB", "Earlybird", 0.642, "premarket", 1.0210, "premarket"),
    Special("LASTCALL", "Lastcall", 0.00117, "delisting", 1.0080, "delisting"),
    Special("SHUTIN", "Shutin", 0.0924, "deposits closed", 1.0095, closed="deposit"),
    Special("SHUTOUT", "Shutout", 3.62, "withdrawals closed", 1.0088, closed="withdraw"),
    Special("ISLAND", "Island", 0.277, "no common network", 1.0072, contracts="none"),
)
VENUE_ONLY_NAMES = ("Alpha", "Omega")
SYLLABLES = (
    "ba",
    "cor",
    "da",
    "fen",
    "gi",
    "hul",
    "jo",
    "ka",
    "lum",
    "mi",
    "nor",
    "pa",
    "qui",
    "ro",
    "sul",
    "ta",
    "vex",
    "zu",
)
