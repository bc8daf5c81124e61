"""Limits on what is known of the prices: how old, how far apart in time, how trusted, how far from other venues."""

from __future__ import annotations

from decimal import Decimal

from arb.domain import LegPlan, Plan, Reason, VenueId
from arb.limits.moment import Moment
from arb.sync import BookSync
from arb.units import bps, plain
from arb.valuing import mid, middle

MS = 1_000_000


def max_book_age_ms(moment: Moment, plan: Plan) -> str:
    """Both books are LIVE and young now, and so is the plan that was made on them."""
    most_ns = moment.config.max_book_age_ms * MS
    for venue, book in _books(moment, plan):
        if book is None:
            return f"{venue} has no book of {plan.symbol}"
        reason = book.refusal(moment.now_ns, most_ns)
        if reason is not Reason.OK:
            age = f", {_ms(moment.now_ns - book.recv_ns)} old" if reason is Reason.BOOK_STALE else ""
            return f"the book of {venue} is {reason.name}{age}; {moment.config.max_book_age_ms} ms allowed"
    planned_ns = moment.now_ns - plan.planned_ns
    if planned_ns > most_ns:
        return f"the plan is {_ms(planned_ns)} old; {moment.config.max_book_age_ms} ms allowed"
    return ""


def max_skew_ms(moment: Moment, plan: Plan) -> str:
    """A gap between two moments is no gap."""
    heard = [book.recv_ns for _, book in _books(moment, plan) if book is not None]
    skew_ns = max(heard) - min(heard) if heard else 0
    if skew_ns <= moment.config.max_skew_ms * MS:
        return ""
    return f"the two books are {_ms(skew_ns)} apart; {moment.config.max_skew_ms} ms allowed"


def min_trust(moment: Moment, plan: Plan) -> str:
    least = moment.config.min_trust
    for venue, book in _books(moment, plan):
        if book is not None and book.feed.trust < least:
            return f"the book of {venue} is {book.feed.trust.name}; at least {least.name} is asked for"
    return ""


def price_collar_bps(moment: Moment, plan: Plan) -> str:
    """Each cap against the median mid of the other venues that list the symbol: far off, it is a mistake or a trap."""
    for leg in (plan.buy, plan.sell):
        mids = _other_mids(moment, plan, leg)
        if not mids:
            return f"no other venue tells what {plan.symbol} costs beside {leg.venue}"
        price = middle(mids)
        off = bps(leg.price / price - 1)
        if abs(off) > moment.config.price_collar_bps:
            cap = f"{leg.side.name} {leg.venue}@{plain(leg.price)}"
            allowed = plain(moment.config.price_collar_bps)
            return f"{cap} is {plain(off)} bps off the {plain(price)} of {len(mids)} other; {allowed} bps allowed"
    return ""


def _books(moment: Moment, plan: Plan) -> tuple[tuple[VenueId, BookSync | None], ...]:
    book, symbol, buy, sell = moment.around.book, plan.symbol, plan.buy.venue, plan.sell.venue
    return (buy, book((buy, symbol))), (sell, book((sell, symbol)))


def _other_mids(moment: Moment, plan: Plan, leg: LegPlan) -> list[Decimal]:
    found = []
    for venue in moment.around.venues_of(plan.symbol):
        book = moment.around.book((venue, plan.symbol)) if venue != leg.venue else None
        price = mid(book, moment.now_ns, moment.config.max_book_age_ms * MS) if book is not None else None
        if price is not None:
            found.append(price)
    return found


def _ms(ns: int) -> str:
    return f"{ns / MS:.0f} ms"
