"""Every question asked of a route, with its answer and the evidence in words.

In the order of the funnel: tradable, identity, transfer, book.buy, book.sell, age, skew, fee, gross, net, size,
min_edge. After the first that fails the rest may stay unasked; before it only identity and transfer may lack an answer.
So a route's reason is that of its first failing check, else UNKNOWN where one has no answer, else OK.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from arb.domain import BookState, Check, FeeSchedule, Leg, Reason, Trust, VenueId
from arb.scanner.pairs import Route
from arb.scanner.settings import ScanSettings
from arb.scanner.tracked import TrackedBook
from arb.units import plain, plain_float

_NS_PER_MS = 1_000_000
_STATES = {state: state.name for state in BookState}  # an enum's own way to its name is a long one
_TRUSTS = {trust: trust.name.lower() for trust in Trust}


def checks(route: Route, settings: ScanSettings, now_ns: int) -> tuple[Check, ...]:
    answers = route.answers
    return (
        answers.tradable,
        _identity(route, settings),
        answers.transfer,
        _book("book.buy", route.buy.venue, route.buy_book, settings, now_ns),
        _book("book.sell", route.sell.venue, route.sell_book, settings, now_ns),
        _age(route, settings, now_ns),
        _skew(route, settings),
        answers.fee,
        *_economics(route, settings),
    )


def leg(
    venue: VenueId,
    book: TrackedBook | None,
    fee: FeeSchedule | None,
    limit: Decimal | None,
    vwap: Decimal | None,
    now_ns: int,
) -> Leg:
    return Leg(
        venue=venue,
        limit=limit,
        vwap=vwap,
        seq=book.seq if book else 0,
        age_ns=_age_ns(book, now_ns),
        fee_rate=fee.taker if fee else None,
        fee_source=fee.source if fee else None,
    )


def _identity(route: Route, settings: ScanSettings) -> Check:
    answers = route.answers
    if answers.identity.ok is False or not (route.couple.apart and answers.by_ratio):
        return answers.identity
    why = f"quarantined: prices more than {plain_float(settings.max_price_ratio)} times apart; {answers.identity.why}"
    return Check("identity", False, why, Reason.PRICE_RATIO)


def _book(id: str, venue: VenueId, book: TrackedBook | None, settings: ScanSettings, now_ns: int) -> Check:
    if book is None:
        return Check(id, False, f"{venue} has no book yet", Reason.BOOK_SYNCING)
    trust = book.feed.trust
    told = f"{venue} {_STATES[book.state]} seq {book.seq}, {_TRUSTS[trust]}"
    reason = book.refusal(now_ns, settings.max_age_ns)
    if reason and reason is not Reason.BOOK_STALE:
        return Check(id, False, told, reason)
    if trust < settings.min_trust:
        return Check(id, False, f"{told}, at least {_TRUSTS[settings.min_trust]} asked for", Reason.LOW_TRUST)
    return Check(id, True, told)


def _age(route: Route, settings: ScanSettings, now_ns: int) -> Check:
    stale = False
    told = []
    for market, book in ((route.buy, route.buy_book), (route.sell, route.sell_book)):
        if book is not None:
            stale = stale or book.refusal(now_ns, settings.max_age_ns) is Reason.BOOK_STALE
            told.append(f"{market.venue} {_ms(_age_ns(book, now_ns))} ms")
    why = f"{', '.join(told)}; at most {_ms(settings.max_age_ns)} ms"
    return Check("age", False, why, Reason.BOOK_STALE) if stale else Check("age", True, why)


def _skew(route: Route, settings: ScanSettings) -> Check:
    buy, sell = route.buy_book, route.sell_book
    if buy is None or sell is None:
        return _unasked("skew")
    skew_ns = abs(buy.recv_ns - sell.recv_ns)
    why = f"{_ms(skew_ns)} ms, at most {_ms(settings.max_skew_ns)} ms"
    return Check("skew", False, why, Reason.SKEW) if skew_ns > settings.max_skew_ns else Check("skew", True, why)


def _economics(route: Route, settings: ScanSettings) -> tuple[Check, Check, Check, Check]:
    """gross, net, size and min_edge of the present verdict."""
    verdict, walk, quote = route.verdict, route.verdict.walk, route.buy.quote
    if not verdict.ask:  # the books were not read
        return _unasked("gross"), _unasked("net"), _unasked("size"), _unasked("min_edge")
    bid = f"bid {plain_float(verdict.bid)}" if verdict.bid else "no bid"
    ask = f"ask {plain_float(verdict.ask)}" if isfinite(verdict.ask) else "no ask"
    touches = f"{bid} at {route.sell.venue}, {ask} at {route.buy.venue}"
    if verdict.bid <= verdict.ask:
        gross = Check("gross", False, touches, Reason.NO_GROSS_EDGE)
        return gross, _unasked("net"), _unasked("size"), _unasked("min_edge")
    gross = Check("gross", True, touches)
    if walk is not None:
        edge = f"{plain(walk.net_bps)} bps, {plain(settings.min_edge_bps)} asked for"
        low = verdict.reason is Reason.BELOW_MIN_EDGE
        return (
            gross,
            Check("net", True, f"{plain(walk.net_bps)} bps after fees, {plain(walk.profit)} {quote}"),
            Check("size", True, f"{plain(walk.size)} {route.buy.base} for {plain(walk.spent)} {quote}"),
            Check("min_edge", not low, edge, Reason.BELOW_MIN_EDGE if low else Reason.OK),
        )
    reason = verdict.reason
    if reason is Reason.NO_FEE:
        return gross, _unasked("net"), _unasked("size"), _unasked("min_edge")
    if reason is Reason.NO_NET_EDGE:
        return gross, Check("net", False, "no size earns its fees", reason), _unasked("size"), _unasked("min_edge")
    net = Check("net", True, "the touches pay after fees")
    why = f"no size set for {quote}" if reason is Reason.NO_SIZE else "no size within it meets both venues' limits"
    return gross, net, Check("size", False, why, reason), _unasked("min_edge")


def _unasked(id: str) -> Check:
    return Check(id, None, "not asked")


def _age_ns(book: TrackedBook | None, now_ns: int) -> int:
    return max(0, now_ns - book.recv_ns) if book else 0


def _ms(ns: int) -> str:
    """Exact, without trailing zeros. ns >= 0."""
    whole, rest = divmod(ns, _NS_PER_MS)
    return f"{whole}.{rest:06}".rstrip("0") if rest else str(whole)
