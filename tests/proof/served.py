"""What the simulated venues say of their markets over REST, and what follows from it for whoever trades there.

The answers are asked for and signed by hand, and read by nothing of the project: the rules come from the venues' pages.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import sha256, sha512
from typing import Any

from arb.clock import ManualClock
from arb.sim import SimExchanges
from arb.sim.venue import Request
from tests.proof.exact import Limits

_START_NS = 1_767_225_600 * 10**9
_WINDOW_NS = 10 * 10**9  # of both venues' request budgets
_PER_WINDOW = 20  # MEXC's tradeFee costs 20 of 500
# One chain, two names; and the coin that is a chain's own where it is not called like the chain.
_CHAINS = {"AVAX_CCHAIN": "AVAX", "AVAX_C": "AVAX", "ARBEVM": "ARB", "OPETH": "OP"}
_OWN_COIN = {"ARB": "ETH", "OP": "ETH", "BSC": "BNB"}


@dataclass(frozen=True, slots=True)
class Network:
    """contract: lower case where it is hexadecimal, "" for the chain's own coin, None where nothing is said."""

    contract: str | None
    deposit: bool
    withdraw: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One market of one venue. fees: by source, "MARKET" and "ACCOUNT".   contract: as the market list gives it."""

    venue: str
    native: str
    base: str
    quote: str
    step: Decimal
    min_qty: Decimal
    min_notional: Decimal
    max_notional: Decimal | None
    buyable: bool
    sellable: bool
    fees: dict[str, Decimal]
    contract: str = ""

    @property
    def symbol(self) -> str:
        return f"{self.base}/{self.quote}"

    def limits(self, buying: bool, source: str) -> Limits:
        """Gate takes the fee of a buy from what is bought; every other fee is in quote."""
        in_base = buying and self.venue == "gateio"
        return Limits(self.step, self.fees[source], in_base, self.min_qty, None, self.min_notional, self.max_notional)


@dataclass(frozen=True)
class Served:
    """listings: (venue, symbol).   networks: (venue, coin) -> chain -> what is open."""

    listings: dict[tuple[str, str], Listing]
    networks: dict[tuple[str, str], dict[str, Network]]

    def same_coin(self, buy: Listing, sell: Listing) -> bool | None:
        """None where no contract address can be compared."""
        here, there = self._networks(buy), self._networks(sell)
        known = [
            (here[chain].contract, there[chain].contract)
            for chain in here.keys() & there.keys()
            if here[chain].contract is not None and there[chain].contract is not None
        ]
        if any(one == other for one, other in known):
            return True
        for listing, others in ((buy, there), (sell, here)):
            if listing.contract and listing.contract in {network.contract for network in others.values()}:
                return True
        return False if any(one and other for one, other in known) else None

    def movable(self, buy: Listing, sell: Listing) -> bool:
        """Whether a chain is open from where it is bought to where it is sold, with one contract at both ends."""
        here, there = self._networks(buy), self._networks(sell)
        return any(
            here[chain].withdraw
            and there[chain].deposit
            and not (here[chain].contract and there[chain].contract and here[chain].contract != there[chain].contract)
            for chain in here.keys() & there.keys()
        )

    def _networks(self, listing: Listing) -> dict[str, Network]:
        return self.networks.get((listing.venue, listing.base), {})


@cache
def served(seed: int, symbols: int) -> Served:
    """Everything that a key holder can read, from a second simulation of the same seed: the run's is left alone."""
    sim = SimExchanges(ManualClock(_WINDOW_NS, _START_NS), seed=seed, symbols=symbols)
    mexc, gateio = _Mexc(sim), _Gateio(sim)
    listings = [*mexc.listings(), *gateio.listings()]
    return Served({(x.venue, x.symbol): x for x in listings}, mexc.networks() | gateio.networks())


class _Reader:
    venue: str

    def __init__(self, sim: SimExchanges) -> None:
        self._venue = sim.venues[self.venue]
        self._key, self._secret = sim.keys[self.venue]
        self._clock = self._venue.world.clock

    def _ask(self, path: str, query: str = "", **headers: str) -> Any:
        reply = self._venue.rest(Request("GET", path, query, {k.lower(): v for k, v in headers.items()}))
        assert reply.status == 200, (path, reply)
        return json.loads(reply.body, parse_float=Decimal)

    def _pause(self) -> None:
        assert isinstance(self._clock, ManualClock)
        self._clock.advance(_WINDOW_NS)


class _Mexc(_Reader):
    venue = "mexc"

    def listings(self) -> list[Listing]:
        symbols = self._ask("/api/v3/exchangeInfo")["symbols"]
        made = []
        for number, info in enumerate(symbols):
            if number % _PER_WINDOW == 0:
                self._pause()
            open_ = (
                info["status"] == "1"
                and info["isSpotTradingAllowed"] is True
                and "SPOT" in info["permissions"]
                and int(info["tradeSideType"]) == 1
                and not info["st"]
            )
            account = self._signed("/api/v3/tradeFee", f"symbol={info['symbol']}")["data"]
            step = Decimal(1).scaleb(-info["baseAssetPrecision"])
            made.append(
                Listing(
                    self.venue, info["symbol"], info["baseAsset"], info["quoteAsset"],
                    step=step,
                    min_qty=Decimal(info["baseSizePrecision"]) or step,
                    min_notional=Decimal(info["quoteAmountPrecision"]),
                    max_notional=Decimal(info["maxQuoteAmount"]),
                    buyable=open_,
                    sellable=open_,
                    fees={"MARKET": Decimal(info["takerCommission"]), "ACCOUNT": Decimal(account["takerCommission"])},
                    contract=_address(info["contractAddress"]),
                )
            )  # fmt: skip
        return made

    def networks(self) -> dict[tuple[str, str], dict[str, Network]]:
        return {
            (self.venue, coin["coin"]): {
                (chain := _CHAINS.get(n["netWork"], n["netWork"])): Network(
                    _contract(coin["coin"], chain, n["contract"]), n["depositEnable"], n["withdrawEnable"]
                )
                for n in coin["networkList"]
            }
            for coin in self._signed("/api/v3/capital/config/getall", "")
        }

    def _signed(self, path: str, query: str) -> Any:
        stamp = f"timestamp={self._clock.wall_ns() // 10**6}"
        query = f"{query}&{stamp}" if query else stamp
        sign = hmac.new(self._secret.encode(), query.encode(), sha256).hexdigest()
        return self._ask(path, f"{query}&signature={sign}", **{"X-MEXC-APIKEY": self._key})


class _Gateio(_Reader):
    venue = "gateio"

    def listings(self) -> list[Listing]:
        made = []
        for number, pair in enumerate(self._ask("/api/v4/spot/currency_pairs")):
            if number % _PER_WINDOW == 0:
                self._pause()
            account = self._signed("/api/v4/wallet/fee", f"currency_pair={pair['id']}")
            normal, status = pair["type"] == "normal", pair["trade_status"]
            step = Decimal(1).scaleb(-pair["amount_precision"])
            made.append(
                Listing(
                    self.venue, pair["id"], pair["base"], pair["quote"],
                    step=step,
                    min_qty=Decimal(pair.get("min_base_amount") or step),
                    min_notional=Decimal(pair["min_quote_amount"]),
                    max_notional=Decimal(pair["max_quote_amount"]),
                    buyable=normal and status in ("tradable", "buyable") and not pair.get("delisting_time"),
                    sellable=normal and status in ("tradable", "sellable"),
                    fees={"MARKET": Decimal(pair["fee"]) / 100, "ACCOUNT": Decimal(account["taker_fee"])},
                )
            )  # fmt: skip
        return made

    def networks(self) -> dict[tuple[str, str], dict[str, Network]]:
        return {
            (self.venue, coin["currency"]): {
                (chain := _CHAINS.get(n["name"], n["name"])): Network(
                    _contract(coin["currency"], chain, n["addr"]), not n["deposit_disabled"], not n["withdraw_disabled"]
                )
                for n in coin["chains"]
            }
            for coin in self._ask("/api/v4/spot/currencies")
        }

    def _signed(self, path: str, query: str) -> Any:
        stamp = str(self._clock.wall_ns() // 10**9)
        text = "\n".join(("GET", path, query, sha512(b"").hexdigest(), stamp))
        sign = hmac.new(self._secret.encode(), text.encode(), sha512).hexdigest()
        return self._ask(path, query, KEY=self._key, Timestamp=stamp, SIGN=sign)


def _address(text: str) -> str:
    return text.lower() if text.startswith("0x") else text


def _contract(coin: str, chain: str, text: str) -> str | None:
    return _address(text) or ("" if _OWN_COIN.get(chain, chain) == coin else None)
