"""The lines of `--jsonl`: one JSON object each, stable and documented in the README.

Prices, quantities, rates, bps and profits are plain decimal strings, null where unknown; `*_ms`, `*_ns`, `seq`, `frame`
and counts are numbers. Keys keep their order. A new field may be added; one that is here keeps its name and meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any

import msgspec

from arb.domain import Check, Leg, Levels, Opportunity, RiskMoved, Symbol
from arb.pathstatus import PathReport, PathRow
from arb.rows import DoctorRow, DrillRow, ExchangeRow, MarketRow, SimEndpoint
from arb.status import (
    BalanceRow,
    BookShot,
    EngineStatus,
    LoopStatus,
    ScanStatus,
    ScanSummary,
    TradeSummary,
    UptimeRow,
    VenueStatus,
)
from arb.units import plain, plain_float

BOOK = "arb.book/1"
OPPORTUNITY = "arb.opportunity/1"
SUMMARY = "arb.summary/1"
MARKET = "arb.market/1"
EXCHANGE = "arb.exchange/1"
SIM = "arb.sim/1"
ENGINE = "arb.engine/1"
BALANCES = "arb.balances/1"
DOCTOR = "arb.doctor/1"
DRILL = "arb.drill/1"
RISK = "arb.risk/1"
RUN = "arb.run/1"
UPTIME = "arb.uptime/1"
FASTPATH = "arb.fastpath/1"
VERIFY = "arb.verify/1"

_encode = msgspec.json.Encoder().encode


def book_line(shot: BookShot, *, with_path: bool = False) -> bytes:
    """One `arb.book/1`. with_path: says who keeps the book too, where two of one market are shown."""
    fields = {
        "schema": BOOK,
        "venue": shot.venue,
        "symbol": shot.symbol,
        "native": shot.native,
        "state": shot.state.name,
        "trust": shot.trust.name.lower(),
        "seq": shot.seq,
        "frame": shot.frame,
        "exch_ns": shot.exch_ns,
        "recv_ns": shot.recv_ns,
        "bids": _levels(shot.bids),
        "asks": _levels(shot.asks),
    }
    if with_path:
        fields["path"] = shot.path
    return _encode(fields)


def opportunity_line(opp: Opportunity) -> bytes:
    """One `arb.opportunity/1`: an episode at one moment of its life."""
    return _encode(
        {
            "schema": OPPORTUNITY,
            "id": opp.id,
            "event": opp.event.name.lower(),
            "kind": opp.kind,
            "symbol": opp.symbol,
            "buy": _leg(opp.buy),
            "sell": _leg(opp.sell),
            "size": _decimal(opp.size),
            "gross_bps": _decimal(opp.gross_bps),
            "net_bps": _decimal(opp.net_bps),
            "profit": _decimal(opp.profit),
            "breakeven_size": _decimal(opp.breakeven_size),
            "checks": [_check(check) for check in opp.checks],
            "status": opp.reason.name,
            "recv_ns": opp.recv_ns,
            "decided_ns": opp.decided_ns,
            "life_ms": _ms(opp.life_ns),
            "wall_ns": opp.wall_ns,
        }
    )


def summary_line(summary: ScanSummary) -> bytes:
    """One `arb.summary/1`: the last line of every run."""
    status = summary.status
    return _encode(
        {
            "schema": SUMMARY,
            "command": summary.command,
            "ended": summary.ended,
            "wall_ns": summary.wall_ns,
            "uptime_ms": round(status.uptime_s * 1000, 3),
            "records": summary.records,
            "opportunities": {
                "opened": summary.opened,
                "updated": summary.updated,
                "closed": summary.closed,
                "open": len(status.open),
            },
            **_counters(status),
            "notes": summary.notes,
            "loop_lag_us": _loop(status.loop),
        }
    )


def market_line(row: MarketRow) -> bytes:
    """One `arb.market/1`: the rules and fees of one market."""
    market = row.market
    return _encode(
        {
            "schema": MARKET,
            "venue": market.venue,
            "symbol": market.symbol,
            "native": market.native,
            "base": market.base,
            "quote": market.quote,
            "tick": _decimal(market.tick),
            "step": _decimal(market.step),
            "min_qty": _decimal(market.min_qty),
            "max_qty": _decimal(market.max_qty),
            "min_notional": _decimal(market.min_notional),
            "max_notional": _decimal(market.max_notional),
            "taker": _decimal(row.taker),
            "maker": _decimal(row.maker),
            "fee_source": row.fee_source,
            "buyable": market.buyable,
            "sellable": market.sellable,
            "why": market.why,
        }
    )


def exchange_line(row: ExchangeRow) -> bytes:
    """One `arb.exchange/1`: a name that a config may hold, and what serves it."""
    return _encode({"schema": EXCHANGE, **msgspec.to_builtins(row)})


def sim_line(venues: Mapping[str, SimEndpoint]) -> bytes:
    """One `arb.sim/1`: where the simulated exchanges listen."""
    return _encode({"schema": SIM, "venues": msgspec.to_builtins(venues)})


def engine_line(status: EngineStatus) -> bytes:
    """One `arb.engine/1`: a trading engine at one moment."""
    fields = _told(status)
    fields["refused"] = dict(status.refused)
    return _encode({"schema": ENGINE, **fields})


def balances_line(mode: str, rows: Sequence[BalanceRow]) -> bytes:
    """One `arb.balances/1`: every coin at every venue."""
    return _encode({"schema": BALANCES, "mode": mode, "rows": [_told(row) for row in rows]})


def uptime_line(mode: str, rows: Sequence[UptimeRow]) -> bytes:
    """One `arb.uptime/1`: every book of a running engine."""
    return _encode({"schema": UPTIME, "mode": mode, "rows": [_told(row) for row in rows]})


def drill_line(rows: Sequence[DrillRow]) -> bytes:
    """One `arb.drill/1`: every limit of the risk gate, and whether it tripped as it should."""
    told = [msgspec.structs.asdict(row) for row in rows]
    return _encode({"schema": DRILL, "ok": all(row.ok for row in rows), "rows": told})


def risk_line(moved: RiskMoved) -> bytes:
    """One `arb.risk/1`: the risk gate changed its state."""
    return _encode({"schema": RISK, **_told(moved)})


def trade_summary_line(summary: TradeSummary) -> bytes:
    """One `arb.run/1`: how a trading run ended."""
    fields = {name: _told(getattr(summary, name)) for name in summary.__struct_fields__ if name != "scan"}
    fields["engine"]["refused"] = dict(summary.engine.refused)
    fields["pnl"] = {coin: plain(amount) for coin, amount in summary.pnl}
    return _encode({"schema": RUN, **fields, **_counters(summary.scan), "loop_lag_us": _loop(summary.scan.loop)})


def fastpath_line(mode: str, rows: Sequence[PathRow]) -> bytes:
    """One `arb.fastpath/1`: by which path the market data of each venue of a run comes."""
    return _encode({"schema": FASTPATH, "mode": mode, "venues": [_lowered(row) for row in rows]})


def verify_line(report: PathReport) -> bytes:
    """One `arb.verify/1`: native and ccxt of one venue side by side."""
    return _encode({"schema": VERIFY, **_lowered(report)})


def doctor_line(row: DoctorRow) -> bytes:
    """One `arb.doctor/1`: one thing that was examined."""
    return _encode({"schema": DOCTOR, **_told(row)})


def _told(value: Any) -> Any:
    """A struct by the names of its fields, amounts plain, states by name."""
    if isinstance(value, msgspec.Struct):
        return {name: _told(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_told(item) for item in value]
    if isinstance(value, IntEnum):
        return value.name
    return plain(value) if isinstance(value, Decimal) else value


def _lowered(value: Any) -> Any:
    """As `_told`, with names of codes in lower case: "native", "watch"."""
    told = _told(value)
    return {name: text.lower() if isinstance(getattr(value, name), IntEnum) else text for name, text in told.items()}


def _levels(levels: Levels) -> list[tuple[str, str]]:
    return [(plain_float(price), plain_float(qty)) for price, qty in levels]


def _leg(leg: Leg) -> dict[str, Any]:
    return {
        "venue": leg.venue,
        "limit": _decimal(leg.limit),
        "vwap": _decimal(leg.vwap),
        "seq": leg.seq,
        "age_ms": _ms(leg.age_ns),
        "fee": {
            "rate": _decimal(leg.fee_rate),
            "source": None if leg.fee_source is None else leg.fee_source.name.lower(),
        },
    }


def _check(check: Check) -> dict[str, Any]:
    return {"id": check.id, "ok": check.ok, "why": check.why}


def _counters(status: ScanStatus) -> dict[str, Any]:
    return {
        "venues": [_venue(venue) for venue in status.venues],
        "funnel": [{"stage": stage.name, "now": stage.now, "ever": stage.ever} for stage in status.funnel],
        "rejected": {reason.name: count for reason, count in status.rejected},
        "latency_us": {"p50": status.latency_p50_us, "p99": status.latency_p99_us},
    }


def _loop(loop: LoopStatus) -> dict[str, Any]:
    return {"p50": loop.p50_us, "p99": loop.p99_us, "worst": loop.worst_us}


def _venue(venue: VenueStatus) -> dict[str, Any]:
    uptime = venue.uptime or UptimeRow(venue.venue, Symbol(""))
    return {
        "venue": venue.venue,
        "native": venue.native,
        "feed": venue.feed,
        "trust": venue.trust.name.lower(),
        "books": {state.name: count for state, count in venue.books},
        "messages": venue.messages,
        "gaps": venue.gaps,
        "resyncs": venue.resyncs,
        "crossed": venue.crossed,
        "reconnects": venue.reconnects,
        "refused": venue.refused,
        "decode_errors": venue.decode_errors,
        "repeats": venue.repeats,
        "rest_errors": venue.rest_errors,
        "not_live_ms": round(venue.not_live_s * 1000, 3),
        "live_share": venue.live_share,
        "outages": uptime.outages,
        "detect_ms": {"p50": uptime.detect_p50_ms, "worst": uptime.detect_worst_ms},
        "recover_ms": {"p50": uptime.recover_p50_ms, "worst": uptime.recover_worst_ms},
        "breakers": {row.part.name: row.state.name for row in venue.breakers},
        "path": venue.path or ("native" if venue.native else "ccxt"),
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _ms(ns: int) -> float:
    """Milliseconds to the microsecond; whole ones stay whole."""
    return ns // 1_000_000 if ns % 1_000_000 == 0 else round(ns / 1_000_000, 3)
