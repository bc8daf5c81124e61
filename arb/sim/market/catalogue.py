"""Builds the catalogue of a seed: which coins, which grids, which traps."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from random import Random

import msgspec

from arb.sim.market.coins import (
    MAJORS,
    OTHER_QUOTES,
    QUOTE_CHAINS,
    QUOTE_NAMES,
    SPECIALS,
    SYLLABLES,
    USD_PER_QUOTE,
    VENUE_ONLY_NAMES,
    Special,
)
from arb.sim.market.listing import Catalogue, Instrument, Listing, Network, Quirk, VenueTraits

SPECIALS_FROM = 24  # with fewer symbols than this there are only ordinary ones
MAX_SYMBOLS = 2000
_EVM = {"ETH", "BSC", "ARB", "OP", "AVAX"}
_TOKEN_CHAINS = ("ETH", "BSC", "SOL", "TRX", "ARB")
# (share of the symbols, book events a second, sigma of the price per sqrt(second), spread)
_CLASSES = (
    (0.30, 28.0, 2.4e-4, 1.2e-4),
    (0.48, 8.0, 1.7e-4, 2.5e-4),
    (0.14, 1.2, 0.7e-4, 5e-4),
    (0.08, 0.06, 0.15e-4, 9e-4),
)
_EVENT_BUDGET_HZ = 2600.0  # of all books together: many symbols get fewer events each


def build(seed: int, symbols: int, venues: Sequence[VenueTraits]) -> Catalogue:
    """The catalogue of `seed`: `symbols` markets that every venue lists, and two of each venue's own."""
    return _Builder(seed, symbols, venues).build()


class _Builder:
    def __init__(self, seed: int, symbols: int, venues: Sequence[VenueTraits]) -> None:
        self._rng = Random(f"{seed}:catalogue")
        self._symbols = max(1, min(symbols, MAX_SYMBOLS))
        self._venues = tuple(venues)
        self._networks: dict[str, dict[str, tuple[Network, ...]]] = {v.name: {} for v in venues}
        self._names: dict[str, str] = dict(QUOTE_NAMES)
        self._instruments: list[Instrument] = []
        mean_hz = sum(share * hz for share, hz, _, _ in _CLASSES)
        self._slow = min(1.0, _EVENT_BUDGET_HZ / (mean_hz * self._symbols * max(1, len(venues))))

    def build(self) -> Catalogue:
        specials = [s for s in SPECIALS if self._can(s)] if self._symbols >= SPECIALS_FROM else []
        self._coins_of_quotes()
        self._ordinary(self._symbols - len(specials))
        for special in specials:
            self._special(special)
        if self._symbols >= SPECIALS_FROM:
            for i, venue in enumerate(self._venues):
                for name in VENUE_ONLY_NAMES:
                    base = f"{venue.name[:2].upper()}{name[:4].upper()}"
                    self._add_coin(base, f"{name} of {venue.name}", _TOKEN_CHAINS[i % 3])
                    self._add(base, "USDT", 0.31 * (i + 1), len(self._instruments), (venue,), gaps=False)
        return Catalogue(tuple(self._instruments), self._networks, self._names)

    def _can(self, special: Special) -> bool:
        if len(self._venues) < 2:
            return False
        return not special.quirk or any(special.quirk in v.quirks for v in self._venues)

    def _coins_of_quotes(self) -> None:
        for coin, chains in QUOTE_CHAINS.items():
            self._add_coin(coin, QUOTE_NAMES[coin], chains)
        self._add_coin("BTC", "Bitcoin", "BTC BSC")

    def _ordinary(self, count: int) -> None:
        wanted: list[tuple[str, str, float]] = [(c, "USDT", p) for c, _, p, _ in MAJORS]
        prices = {c: p for c, _, p, _ in MAJORS}
        for i, (base, quote) in enumerate(OTHER_QUOTES):  # spread among the first, so that small worlds have one too
            wanted.insert(5 + 6 * i, (base, quote, prices[base] / USD_PER_QUOTE[quote]))
        chains = {c: (n, ch) for c, n, _, ch in MAJORS}
        for n, (base, quote, price) in enumerate(wanted[:count]):
            name, where = chains[base]
            self._add_coin(base, name, where)
            self._add(base, quote, price, n)
        taken = {i.base for i in self._instruments}
        while len(self._instruments) < count:
            base = "".join(self._rng.choice(SYLLABLES) for _ in range(3)).upper()
            if base in taken:
                continue
            taken.add(base)
            self._add_coin(base, base.capitalize(), self._rng.choice(_TOKEN_CHAINS))
            self._add(base, "USDT", round(10 ** self._rng.uniform(-6.8, 2.5), 9), len(self._instruments))

    def _special(self, special: Special) -> None:
        first, second = self._venues[0].name, self._venues[1].name
        self._add_coin(special.base, special.name, "ETH BSC")
        here, there = self._networks[first], self._networks[second]
        if special.contracts == "other":
            there[special.base] = self._chains(f"{special.base} of {second}", "ETH BSC", second)
        elif special.contracts == "one":
            there[special.base] = (there[special.base][0], self._chains(f"{special.base}2", "BSC", second)[0])
        elif special.contracts == "none":
            there[special.base] = self._chains(special.base, "SOL", second)
        dear, cheap = (there, here) if special.factor >= 1 else (here, there)
        if special.closed == "deposit":  # cannot be brought to where it is dear
            dear[special.base] = tuple(msgspec.structs.replace(n, deposit=False) for n in dear[special.base])
        elif special.closed == "withdraw":  # cannot be taken from where it is cheap
            cheap[special.base] = tuple(msgspec.structs.replace(n, withdraw=False) for n in cheap[special.base])
        self._add(special.base, "USDT", special.price, 2, special=special)

    def _add_coin(self, coin: str, name: str, chains: str) -> None:
        self._names[coin] = name
        for venue in self._venues:
            self._networks[venue.name].setdefault(coin, self._chains(coin, chains, venue.name))

    def _chains(self, token: str, chains: str, venue: str) -> tuple[Network, ...]:
        """Same token, same contract, whichever venue asks; only the letter case may differ."""
        made = []
        for chain in chains.split():
            contract = "" if chain == token else contract_of(token, chain)
            if chain in _EVM and venue == self._venues[0].name:
                contract = contract.lower()
            fee = f"{self._rng.choice((1, 2, 4, 5, 8))}e-{self._rng.choice((1, 2, 3))}"
            made.append(Network(chain, contract, withdraw_fee=_plain(float(fee)), withdraw_min=_plain(float(fee) * 5)))
        return tuple(made)

    def _add(
        self,
        base: str,
        quote: str,
        price: float,
        index: int,
        venues: Sequence[VenueTraits] = (),
        *,
        special: Special | None = None,
        gaps: bool = True,
    ) -> None:
        rng = self._rng
        rate, vol, spread = self._activity(index)
        coarse = _decimals_for(price / 10 ** (5.9 if index < 4 else rng.uniform(3.0, 4.8)))
        usd = price * USD_PER_QUOTE[quote]
        step = _decimals_for(10 ** rng.uniform(-2.2, -0.2) / usd)
        listings = {}
        for venue in venues or self._venues:
            quirk: Quirk = special.quirk if special is not None and special.quirk in venue.quirks else ""
            listings[venue.name] = self._listing(venue, base, quote, coarse, step, quirk)
        factor = dict.fromkeys(listings, 1.0)
        if special is not None:
            factor[self._venues[1].name] = special.factor
        tick = max(10.0**-v.price_decimals for v in listings.values())
        self._instruments.append(
            Instrument(
                symbol=f"{base}/{quote}",
                base=base,
                quote=quote,
                price=price,
                rate_hz=rate * self._slow,
                vol=vol * max(self._slow, 0.05),
                spread=max(spread, tick / price),
                listings=listings,
                factor=factor,
                gaps=gaps and (special is None or not special.standing),
                standing=special.standing if special is not None else "",
            )
        )

    def _activity(self, index: int) -> tuple[float, float, float]:
        """Majors are busy; the rest by a dealt hand that repeats every fifty symbols."""
        if index < 4:
            return _CLASSES[0][1:]
        place = ((index * 7919) % 50) / 50
        for share, rate, vol, spread in _CLASSES:
            if place < share:
                return rate, vol, spread
            place -= share
        return _CLASSES[1][1:]

    def _listing(self, venue: VenueTraits, base: str, quote: str, coarse: int, step: int, quirk: Quirk) -> Listing:
        rng = self._rng
        price_decimals = max(0, coarse + (venue.extra_price_decimals if rng.random() < 0.8 else 0))
        qty_decimals = min(8, max(0, step + (venue.extra_qty_decimals if rng.random() < 0.8 else 0)))
        least = rng.random()
        if least < 0.2:
            min_qty = ""
        elif least < 0.6:
            min_qty = _plain(10.0**-qty_decimals)
        else:
            min_qty = _plain(10.0 ** -max(0, qty_decimals - 1))
        notional = venue.min_notional / USD_PER_QUOTE[quote]
        own = venue.taker * rng.choice((0.8, 0.9)) if rng.random() < 0.08 else venue.taker
        return Listing(
            venue=venue.name,
            symbol=f"{base}/{quote}",
            base=base,
            quote=quote,
            price_decimals=price_decimals,
            qty_decimals=qty_decimals,
            min_qty=min_qty,
            min_notional=_plain(notional if quote != "BTC" else 10.0 ** floor(log10(notional))),
            max_notional=_plain(2_000_000 if quote != "BTC" else 20),
            taker=venue.taker,
            maker=venue.maker,
            own_taker=round(own, 6),
            quirk=quirk,
        )


def contract_of(token: str, chain: str) -> str:
    """A made-up address in the style of the chain, the same for the same token."""
    rng = Random(f"{token}@{chain}")
    if chain in _EVM:
        return "0x" + "".join(rng.choice("0123456789abcdefABCDEF") for _ in range(40))
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    return ("T" if chain == "TRX" else "") + "".join(rng.choice(alphabet) for _ in range(33 if chain == "TRX" else 44))


def _decimals_for(unit: float) -> int:
    """Decimals of the largest power of ten not above `unit`; 0 for units of one and more."""
    return max(0, -floor(log10(unit)))


def _plain(value: float) -> str:
    """A float as plain decimal text, no exponent."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return text or "0"
