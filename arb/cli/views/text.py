"""Facts in plain words, one line each: what a pipe gets, and the end of every run."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from arb.cli.views import health
from arb.domain import Leg, Levels, Opportunity, Reason, Trust
from arb.status import BookShot, ScanStatus, ScanSummary, VenueStatus
from arb.units import plain, plain_float

NONE = "-"


def opportunity_text(opp: Opportunity) -> str:
    """ "OPEN BTC/USDT buy=mexc@100.1 sell=gateio@100.9 net_bps=12.3 ... status=UNKNOWN why=\"...\" id=..." """
    fields = {
        "buy": _leg(opp.buy),
        "sell": _leg(opp.sell),
        "net_bps": decimal(opp.net_bps),
        "gross_bps": decimal(opp.gross_bps),
        "size": decimal(opp.size),
        "breakeven": decimal(opp.breakeven_size),
        "profit": decimal(opp.profit),
        "life_ms": milliseconds(opp.life_ns),
        "age_ms": ages(opp),
        "status": opp.reason.name,
    }
    words = [opp.event.name, opp.symbol, *(f"{name}={value}" for name, value in fields.items())]
    if reason := why(opp):
        words.append(f'why="{reason}"')
    return " ".join((*words, f"id={opp.id}"))


def book_text(shot: BookShot) -> str:
    return (
        f"{shot.venue}:{shot.symbol} {shot.path} {shot.state.name} trust={trust(shot.trust)} seq={shot.seq}"
        f" bid={_best(shot.bids)} ask={_best(shot.asks)} levels={len(shot.bids)}/{len(shot.asks)} frame={shot.frame}"
    )


def summary_text(summary: ScanSummary) -> str:
    """Everything that counts about a run, in one line."""
    status = summary.status
    parts = [f"summary: {summary.command} ended ({summary.ended}) after {status.uptime_s:.1f} s"]
    if status.funnel:
        parts.append(f"{summary.opened} opened, {summary.updated} updates, {summary.closed} closed")
        parts.append(f"funnel ever {funnel(status, ever=True)}")
    if summary.records:
        parts.append(f"{summary.records} records")
    parts += [venue_text(venue) for venue in status.venues]
    if status.rejected:
        parts.append(f"rejected {rejected(status)}")
    if status.latency_p50_us is not None:
        parts.append(f"wire to decision {latency(status)}")
    if status.loop.p50_us is not None:
        parts.append(f"loop lag {health.loop_lag(status.loop)}")
    return "; ".join((*parts, *summary.notes))


def venue_text(venue: VenueStatus) -> str:
    troubles = {
        "gaps": venue.gaps,
        "resyncs": venue.resyncs,
        "crossed": venue.crossed,
        "reconnects": venue.reconnects,
        "refused": venue.refused,
        "decode errors": venue.decode_errors,
    }
    counts = [f"{venue.messages} messages", *(f"{count} {name}" for name, count in troubles.items() if count)]
    live = [] if venue.live_share is None else [f"{share(venue.live_share)} LIVE"]
    lost = filter(None, (health.outages(venue.uptime), *health.breaker_texts("breaker", venue.breakers)))
    return f"{venue.venue} ({path(venue)}, {trust(venue.trust)}): {', '.join((books(venue), *counts, *live, *lost))}"


def why(opp: Opportunity) -> str:
    """The evidence behind the status: of the check that failed, or of every one that nobody can answer."""
    if opp.reason is Reason.OK:
        return ""
    if opp.reason is Reason.UNKNOWN:
        return "; ".join(f"{check.id}: {check.why}" for check in opp.checks if check.ok is None)
    failed = [check for check in opp.checks if check.ok is False]
    named = next((check for check in failed if check.reason is opp.reason), failed[0] if failed else None)
    return f"{named.id}: {named.why}" if named is not None else ""


def funnel(status: ScanStatus, *, ever: bool = False) -> str:
    return " → ".join(f"{stage.name}: {stage.ever if ever else stage.now}" for stage in status.funnel)


def rejected(status: ScanStatus) -> str:
    return ", ".join(f"{reason.name} {count}" for reason, count in _most(status.rejected))


def books(venue: VenueStatus) -> str:
    return " ".join(f"{count} {state.name}" for state, count in venue.books if count) or "no books"


def path(venue: VenueStatus) -> str:
    return venue.path or ("native" if venue.native else "ccxt")


def trust(value: Trust) -> str:
    return value.name.lower()


def latency(status: ScanStatus) -> str:
    return f"p50 {_microseconds(status.latency_p50_us)} p99 {_microseconds(status.latency_p99_us)}"


def ages(opp: Opportunity) -> str:
    return f"{milliseconds(opp.buy.age_ns)}/{milliseconds(opp.sell.age_ns)}"


def decimal(value: Decimal | None) -> str:
    return NONE if value is None else plain(value)


def milliseconds(ns: int) -> str:
    return f"{ns / 1e6:.0f}"


def share(value: float | None) -> str:
    return NONE if value is None else f"{value:.1%}"


def _leg(leg: Leg) -> str:
    return f"{leg.venue}@{decimal(leg.limit)}"


def _best(levels: Levels) -> str:
    return f"{plain_float(levels[0][0])}x{plain_float(levels[0][1])}" if levels else NONE


def _microseconds(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f} us"


def _most(counts: Iterable[tuple[Reason, int]]) -> list[tuple[Reason, int]]:
    return sorted((item for item in counts if item[1]), key=lambda item: (-item[1], item[0]))
