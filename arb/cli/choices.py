"""Texts of the command line -> values. What cannot be meant raises a usage error that names the option and the cure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

import typer

from arb.config import Options, values
from arb.rows import SimOptions

T = TypeVar("T")

_BENCHES = (
    "all", "decode", "wire", "order", "cycle", "journal", "tape", "evenness", "scale", "alloc", "start",
    "tried", "soak",
)  # fmt: skip
_MODES = ("paper", "sim", "live")
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def checked(option: str, parse: Callable[[str], T], text: str) -> T:
    """`parse(text)`, its ValueError told as an error of this option."""
    try:
        return parse(text)
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint=option) from None


def words(texts: Sequence[str] | None) -> list[str]:
    """Options that may be repeated, or joined with commas, or both."""
    return [word for text in texts or () for part in text.split(",") if (word := part.strip())]


def venues(texts: Sequence[str] | None) -> list[str] | None:
    """None where the option was not given."""
    if texts is None:
        return None
    names = [checked("--exchanges", values.venue_name, name) for name in words(texts)]
    if not names:
        raise typer.BadParameter("no exchange is named; write them as in mexc,gateio", param_hint="--exchanges")
    return names


def venue(name: str, text: str) -> str:
    return checked(name, values.venue_name, text)


def target(text: str) -> tuple[str, str]:
    return checked("VENUE:SYMBOL", values.book_target, text)


def patterns(name: str, texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(checked(name, values.symbol_pattern, text) for text in words(texts))


def settings_options(
    *,
    symbols: Sequence[str] | None = None,
    size: str | None = None,
    min_edge_bps: str | None = None,
    depth: str | None = None,
    fastpath: Sequence[str] | None = None,
    spin: bool = False,
    log_level: str | None = None,
    verbose: bool = False,
) -> Options:
    """What the command line says about settings, each under the name of its option."""
    options: dict[tuple[str, ...], tuple[str, object]] = {}
    if symbols is not None:
        covered = patterns("--symbols", symbols)
        if not covered:
            raise typer.BadParameter("no symbol is named; write them as in 'BTC/USDT,*/USDT'", param_hint="--symbols")
        options["scan", "symbols"] = ("--symbols", covered)
    if size is not None:
        options["size", "USDT"] = ("--size", checked("--size", _positive, size))
    if min_edge_bps is not None:
        options["scan", "min_edge_bps"] = ("--min-edge-bps", checked("--min-edge-bps", _edge, min_edge_bps))
    if depth is not None:
        options["scan", "depth"] = ("--depth", checked("--depth", values.depth, depth))
    for name, switch in (checked("--fastpath", _switch, text) for text in words(fastpath)):
        options["exchanges", name, "fastpath"] = ("--fastpath", switch)
    if spin:
        options["scan", "spin"] = ("--spin", True)
    if log_level is not None or verbose:
        option = "--verbose" if log_level is None else "--log-level"
        options["log", "level"] = (option, log_level_of(log_level, verbose))
    return options


def simulation(
    *, sim: bool, seed: int | None, sim_symbols: int | None, truth: Path | None, faults: Path | None
) -> SimOptions | None:
    """None without --sim, and then nothing about it may be said."""
    given = {"--seed": seed, "--sim-symbols": sim_symbols, "--truth": truth, "--faults": faults}
    if sim:
        return sim_options(seed=seed, symbols=sim_symbols, truth=truth, faults=faults)
    for option, value in given.items():
        if value is not None:
            raise typer.BadParameter("this says something about the simulation; add --sim", param_hint=option)
    return None


def sim_options(*, seed: int | None, symbols: int | None, truth: Path | None, faults: Path | None) -> SimOptions:
    if faults is not None:
        existing("--faults", faults)
    given = {"seed": seed, "symbols": symbols, "truth": truth, "faults": faults}
    return SimOptions(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


class Recording(NamedTuple):
    """What `arb record` was asked for. out: None gives it a name of its own."""

    exchanges: list[str] | None
    symbols: Sequence[str] | None
    out: Path | None


def recording(what: Sequence[str], exchanges: Sequence[str] | None, symbols: Sequence[str] | None) -> Recording:
    """`OUT` with the rest in options or the file, or `VENUE SYMBOLS [OUT]`."""
    if len(what) == 1:
        return Recording(venues(exchanges), symbols, fresh("OUT", Path(what[0])))
    if exchanges is not None or symbols is not None or len(what) > 3:
        raise typer.BadParameter("give OUT alone with --exchanges and --symbols, or VENUE SYMBOLS [OUT] without them")
    out = fresh("OUT", Path(what[2])) if len(what) == 3 else None
    return Recording([venue("VENUE", what[0])], patterns("SYMBOLS", [what[1]]), out)


def compare(other: str | None) -> bool:
    if other not in (None, "ccxt"):
        raise typer.BadParameter(f"{other!r} cannot be compared with; use --compare ccxt", param_hint="--compare")
    return other is not None


def benchmark(what: str) -> str:
    if what not in _BENCHES:
        raise typer.BadParameter(f"{what!r} cannot be measured; use {', '.join(_BENCHES)}")
    return what


def mode(text: str | None) -> str | None:
    if text not in (None, *_MODES):
        raise typer.BadParameter(f"{text!r} is no mode; use {', '.join(_MODES)}", param_hint="--mode")
    return text


def run_mode(text: str | None) -> str | None:
    """A mode, or "scan" for what runs without one."""
    if text not in (None, *_MODES, "scan"):
        raise typer.BadParameter(f"{text!r} is none; use {', '.join(_MODES)} or scan", param_hint="--mode")
    return text


def order_paths(texts: Sequence[str] | None) -> dict[str, str]:
    """Path by venue; "" for all that are not named."""
    paths = {}
    for text in words(texts):
        venue, found, path = text.rpartition("=")
        if path not in ("native", "ccxt") or (found and not venue):
            raise typer.BadParameter(f"{text!r} is no path; use ccxt, native, or VENUE=ccxt", param_hint="--orders")
        paths[checked("--orders", values.venue_name, venue) if found else ""] = path
    return paths


def going_live(mode: str | None, *, live: bool, sim: bool) -> bool:
    """Real orders and a simulation, or another mode, are not meant together."""
    if live and (sim or mode in ("paper", "sim")):
        other = "--sim" if sim else f"--mode {mode}"
        raise typer.BadParameter(f"this sends real orders, {other} none; leave one of them out", param_hint="--live")
    if sim and mode == "live":
        raise typer.BadParameter("live orders go to real venues; leave --sim out or use --mode sim", param_hint="--sim")
    return live


def log_level_of(level: str | None, verbose: bool) -> str:
    if level is None:
        return "DEBUG" if verbose else "INFO"
    return checked("--log-level", values.log_level, level)


def duration(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds < float("inf"):
        raise typer.BadParameter(f"{seconds:g} is no duration; give seconds above 0", param_hint="--duration")
    return seconds


def show_rejected(show: str | None) -> bool:
    if show not in (None, "rejected"):
        raise typer.BadParameter(f"{show!r} is nothing to show; use --show rejected", param_hint="--show")
    return show is not None


def existing(name: str, path: Path) -> Path:
    if not path.is_file():
        raise typer.BadParameter(f"there is no file {path}", param_hint=name)
    return path


def fresh(name: str, path: Path) -> Path:
    """A file to write that must not be there yet: recordings are not overwritten."""
    if path.exists():
        raise typer.BadParameter(f"{path} is there already; choose another name or remove it", param_hint=name)
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.absolute().parent}; make it first", param_hint=name)
    return path


def _positive(text: str) -> Decimal:
    value = values.number(text)
    if value <= 0:
        raise ValueError(f"{text} is not above 0")
    return value


def _edge(text: str) -> Decimal:
    value = values.number(text)
    if not 0 <= value <= 10_000:
        raise ValueError(f"{text} is not within 0 and 10000 bps")
    return value


def _switch(text: str) -> tuple[str, bool]:
    name, found, word = text.partition("=")
    if not found or word.lower() not in _SWITCH:
        raise ValueError(f"{text!r} is not VENUE=on or VENUE=off, as in mexc=off")
    return values.venue_name(name), _SWITCH[word.lower()]
