"""The words of the configuration and the command line, as values. A ValueError from here says the cure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fnmatch import fnmatchcase
from ipaddress import ip_address
from typing import Any

from arb.domain import Depth, FeeCoin, Trust
from arb.redact import mask_url

DEPTHS = {"top": Depth.TOP, "5": Depth.FIVE, "20": Depth.TWENTY, "full": Depth.FULL}
TRUSTS = {trust.name.lower(): trust for trust in Trust}
FEE_COINS = {coin.name.lower(): coin for coin in FeeCoin}
LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
RESERVED = frozenset({"wire", "net"})  # folders of helpers beside the venues' files

_TLS_WORDS = frozenset((
    "verify", "ssl", "sslcontext", "tls", "validateserverssl", "rejectunauthorized", "insecure", "checkhostname",
    "cafile", "trustenv", "aiohttptrustenv",
))  # fmt: skip
_VENUE = re.compile(r"[a-z0-9][a-z0-9_]*")
_COIN = re.compile(r"[A-Z0-9][^\s/,:@=]*")
_PATTERN = re.compile(r"[^\s/,:]+/[^\s/,:]+")
_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:[^/\s@]*@)?(?P<host>[^/\s:@?#]+|\[[0-9a-f:]+\])(?::(?P<port>\d+))?(?:[/?]\S*)?"
)


def word(value: Depth | Trust | FeeCoin) -> str:
    """The word that stands for this value in a file: what `depth`, `trust` and `fee_coin` read."""
    table: dict[str, Any] = DEPTHS if isinstance(value, Depth) else TRUSTS if isinstance(value, Trust) else FEE_COINS
    return next(text for text, known in table.items() if known is value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean X?" for the nearest known word, else nothing."""
    near = get_close_matches(word, tuple(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def depth(value: object) -> Depth:
    """ "top", 5, "20" or "full"."""
    if isinstance(value, Depth):
        return value
    try:
        return DEPTHS[str(value).lower()]
    except KeyError:
        raise ValueError(f"{str(value)!r} is no depth; use {', '.join(DEPTHS)}") from None


def trust(value: object) -> Trust:
    if isinstance(value, Trust):
        return value
    try:
        return TRUSTS[str(value).lower()]
    except KeyError:
        raise ValueError(f"{str(value)!r} is no level of trust; use {', '.join(TRUSTS)}") from None


def fee_coin(value: object) -> FeeCoin:
    if isinstance(value, FeeCoin):
        return value
    try:
        return FEE_COINS[str(value).lower()]
    except KeyError:
        raise ValueError(f"{str(value)!r} is not the coin of a fee; use {', '.join(FEE_COINS)}") from None


def log_level(value: object) -> str:
    level = str(value).upper()
    if level not in LOG_LEVELS:
        raise ValueError(f"{str(value)!r} is no log level; use {', '.join(LOG_LEVELS)}")
    return level


def number(text: str) -> Decimal:
    """A finite decimal number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a number; write it as 12.5") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number; write it as 12.5")
    return value


def venue_name(name: str) -> str:
    """The grammar of venue names; whether anybody serves the name is the app's to say."""
    if not _VENUE.fullmatch(name):
        raise ValueError(f"{name!r} is not a venue's name; names are made of a-z, 0-9 and _, as in gateio")
    if name in RESERVED:
        raise ValueError(f"{name!r} is a folder of helpers, not a venue; name one that 'arb exchanges' lists")
    return name


def coin(name: str) -> str:
    if not _COIN.fullmatch(name):
        raise ValueError(f"{name!r} is not a coin; coins are written in capitals, as in USDT")
    return name


def venue_coin(text: str) -> str:
    """ "mexc:MX": a coin at one venue."""
    venue, found, name = text.partition(":")
    if not found:
        raise ValueError(f"{text!r} names no venue and coin; write them as in mexc:MX")
    return f"{venue_name(venue)}:{coin(name)}"


def symbol_pattern(text: str) -> str:
    """ "BTC/USDT", "*/USDT", "BTC/*". Capitals, as symbols are."""
    if not _PATTERN.fullmatch(text):
        raise ValueError(f"{text!r} is not a symbol; write BASE/QUOTE, as in BTC/USDT or '*/USDT'")
    return text.upper()


def book_target(text: str) -> tuple[str, str]:
    """ "mexc:BTC/USDT" -> ("mexc", "BTC/USDT")."""
    venue, found, symbol = text.partition(":")
    if not found or not _PATTERN.fullmatch(symbol) or "*" in symbol:
        raise ValueError(f"{text!r} is not VENUE:BASE/QUOTE, as in mexc:BTC/USDT")
    return venue_name(venue), symbol.upper()


def pin(text: str) -> str:
    """Whose coin: "ABC" on all venues, "ABC@mexc,gateio" on these only."""
    name, found, venues = text.partition("@")
    coin(name)
    names = [venue_name(v.strip()) for v in venues.split(",")] if found else []
    if found and len(names) < 2:
        raise ValueError(f"{text!r} names one venue; a pin is about at least two, as in ABC@mexc,gateio")
    return f"{name}@{','.join(names)}" if found else name


def url(text: str, schemes: tuple[str, ...]) -> str:
    """An absolute URL of one of these schemes, to the letter: a socket's address may end in a slash."""
    match = _URL.fullmatch(text)
    if match is None or match["scheme"] not in schemes or int(match["port"] or 1) not in range(1, 65536):
        wanted = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"{mask_url(text)!r} is not a URL; write {wanted}host[:port][/path]")
    return text


def private_url(text: str, schemes: tuple[str, str]) -> str:
    """A URL as above: over TLS (the second scheme), or of this machine, so that nobody on the way reads or writes."""
    plain, secured = schemes
    match = _URL.fullmatch(url(text, schemes))
    if match is not None and match["scheme"] == plain and not _is_here(match["host"]):
        raise ValueError(f"{mask_url(text)!r} would be read and written by anybody on the way; write {secured}://")
    return text


def _is_here(host: str) -> bool:
    try:
        return host.lower() == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_about_tls(key: str) -> bool:
    """Whether an option sounds as if it changed how certificates are judged."""
    plain = re.sub(r"[^a-z]", "", key.lower())
    return plain in _TLS_WORDS or ("verif" in plain and any(word in plain for word in ("ssl", "tls", "cert")))


def words(value: object) -> object:
    """ "a, b" -> ("a", "b"): lists arrive from the environment and the command line as one text."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def matches(symbol: str, patterns: Iterable[str]) -> bool:
    """Does one of the patterns (as `symbol_pattern` gives them) cover this symbol?"""
    return any(fnmatchcase(symbol.upper(), pattern) for pattern in patterns)
