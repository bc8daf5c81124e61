"""Whole runs against the simulated exchanges over real sockets: a scan, its tape, its end."""

from __future__ import annotations

import asyncio

import pytest

from arb import app
from arb.clock import SystemClock
from arb.config import Credentials, Settings
from arb.domain import OppEvent, Reason, Symbol, VenueId
from arb.errors import ConfigError, TapeError, Transient
from arb.rows import SimOptions
from arb.sim import SimExchanges
from arb.tape import TapeWriter

SCAN = {"symbols": ("*/USDT",), "min_update_bps": "0"}


class View:
    """Keeps what it is told."""

    def __init__(self):
        self.events = []
        self.shots = []
        self.source = None
        self.summary = None

    def started(self, source):
        self.source = source

    def opportunity(self, opp):
        self.events.append(opp)

    def book(self, shot):
        self.shots.append(shot)

    def finished(self, summary):
        self.summary = summary


def settings(tmp_path, **more):
    tables = {"exchanges": {"mexc": {}, "gateio": {}}, "scan": SCAN, "cache": {"dir": str(tmp_path / "cache")}}
    return Settings.model_validate(tables | more)


async def scan(config, view, **more):
    options = {
        "credentials": {},
        "clock": SystemClock(),
        "sim": SimOptions(seed=3, symbols=24),
        "tape": None,
        "duration_s": 2.0,
        "once": False,
        "rejected": False,
        "stop": asyncio.Event(),
    } | more
    return await app.scan(config, view=view, **options)


def told(opp):
    """What a decision says, without when it was made."""
    return (
        opp.id, opp.event, opp.symbol, opp.buy.venue, opp.buy.seq, opp.sell.seq, opp.buy.limit, opp.sell.limit,
        opp.size, opp.net_bps, opp.gross_bps, opp.profit, opp.breakeven_size, opp.reason, opp.recv_ns,
    )  # fmt: skip


@pytest.mark.parametrize("depth", ["top", "20", "full"])
async def test_a_tape_gives_the_same_decisions_as_the_run_and_again_every_time(tmp_path, depth):
    config = settings(tmp_path, scan=SCAN | {"depth": depth})
    live, tape = View(), tmp_path / "t.tape"
    summary = await scan(config, live, tape=tape)
    assert summary.records > 1000
    assert any(o.event is OppEvent.OPEN for o in live.events)
    replays = []
    for _ in range(2):
        view = View()
        app.replay(config, tape, options=None, view=view, venue=None, rejected=False, stop=lambda: False)
        replays.append(view.events)
    assert replays[0] == replays[1]
    assert [told(o) for o in replays[0]] == [told(o) for o in live.events]


async def test_a_run_ends_cleanly_when_told_to(tmp_path):
    stop, view = asyncio.Event(), View()
    asyncio.get_running_loop().call_later(1.0, stop.set)
    summary = await scan(settings(tmp_path), view, duration_s=None, stop=stop)
    assert summary.ended == "interrupted"
    assert view.summary is summary
    assert summary.opened == summary.closed
    venues = summary.status.venues
    assert [(v.native, v.messages > 20, v.reconnects) for v in venues] == [(True, True, 0)] * 2
    assert {t.get_name() for t in asyncio.all_tasks()} == {asyncio.current_task().get_name()}


async def test_once_ends_when_every_book_has_been_looked_at(tmp_path):
    summary = await scan(settings(tmp_path), View(), duration_s=None, once=True)
    assert summary.ended == "once"
    assert summary.status.uptime_s < 9


async def test_a_warm_start_asks_for_no_metadata(tmp_path):
    clock = SystemClock()
    sim = SimExchanges(clock, seed=1, symbols=6)
    await sim.start()
    asked = []
    for venue in sim.venues.values():
        venue.rest = spy(venue.rest, asked)
    try:
        tables = {name: {"rest_url": urls.rest_url, "ws_url": urls.ws_url} for name, urls in sim.urls.items()}
        config = settings(tmp_path, exchanges=tables)
        keys = {name: Credentials(name, *pair) for name, pair in sim.keys.items()}
        await scan(config, View(), sim=None, credentials=keys, once=True)
        cold, asked[:] = list(asked), []
        await scan(config, View(), sim=None, credentials=keys, once=True)
    finally:
        await sim.stop()
    metadata = ("exchangeInfo", "currency_pairs", "currencies", "getall", "fee")
    assert {word for word in metadata if any(word in path for path in cold)} >= {"exchangeInfo", "currency_pairs"}
    assert [path for path in asked if any(word in path for word in metadata[:4])] == []


def spy(rest, asked):
    def call(request):
        asked.append(request.path)
        return rest(request)

    return call


async def test_an_unreachable_venue_is_told_by_name(tmp_path):
    config = settings(tmp_path, exchanges={n: {"rest_url": "http://127.0.0.1:9"} for n in ("mexc", "gateio")})
    with pytest.raises((Transient, ExceptionGroup)) as caught:
        await scan(config, View(), sim=None)
    error = caught.value
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Transient)
    assert error.venue in ("mexc", "gateio")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        pytest.param({"scan": {"symbols": ("NOPE/USDT",)}}, "no market in common", id="no such symbol"),
        pytest.param({"exchanges": {"kraken": {}, "mexc": {}}}, "kraken is not simulated", id="no such simulation"),
    ],
)
async def test_what_cannot_be_scanned_is_a_configuration_error(tmp_path, more, says):
    with pytest.raises(ConfigError, match=says):
        await scan(settings(tmp_path, **more), View())


async def test_a_tape_is_never_overwritten(tmp_path):
    tape = tmp_path / "t.tape"
    tape.write_bytes(b"precious")
    with pytest.raises(ConfigError, match="is there already"):
        await scan(settings(tmp_path), View(), tape=tape)
    assert tape.read_bytes() == b"precious"


async def test_account_fees_arrive_while_the_scan_runs(tmp_path):
    view = View()
    await scan(
        settings(tmp_path, scan=SCAN | {"symbols": ("BTC/USDT", "ETH/USDT")}), view, duration_s=3.5, rejected=True
    )
    sources = {leg.fee_source.name for o in view.events for leg in (o.buy, o.sell)}
    assert "ACCOUNT" in sources


@pytest.mark.parametrize("compare", [False, True])
async def test_one_book_on_show(tmp_path, compare):
    view = View()
    summary = await app.watch(
        settings(tmp_path), VenueId("gateio"), Symbol("BTC/USDT"),
        credentials={}, clock=SystemClock(), view=view, levels=3, compare=compare,
        sim=SimOptions(seed=1, symbols=6), duration_s=2.0, stop=asyncio.Event(),
    )  # fmt: skip
    assert summary.ended == "duration"
    assert {shot.path for shot in view.shots} == ({"native", "ccxt"} if compare else {"native"})
    assert [shot.frame for shot in view.shots] == list(range(len(view.shots)))
    live = [shot for shot in view.shots if shot.path == "native"]
    assert all(len(shot.bids) == len(shot.asks) == 3 and shot.bids[0] > shot.bids[1] for shot in live)
    seqs = [shot.seq for shot in live]
    assert seqs == sorted(seqs)


async def test_refused_pairs_are_told_with_their_reason(tmp_path):
    view = View()
    summary = await scan(settings(tmp_path), view, rejected=True)
    reasons = {reason for reason, _ in summary.status.rejected}
    assert {Reason.NOT_TRADABLE, Reason.IDENTITY_MISMATCH, Reason.NO_COMMON_NETWORK} <= reasons
    stages = {stage.name: stage.now for stage in summary.status.funnel}
    assert stages["listed"] > stages["tradable"] > stages["identified"] > stages["transferable"]


@pytest.mark.parametrize("once", [False, True])
async def test_a_venue_that_says_nothing_is_unreachable_however_the_run_ends(tmp_path, once):
    sim = SimExchanges(SystemClock(), seed=1, symbols=6)
    await sim.start()
    tables = {name: {"rest_url": urls.rest_url, "ws_url": "ws://127.0.0.1:9/"} for name, urls in sim.urls.items()}
    try:
        with pytest.raises(Transient, match="not one message"):
            await scan(settings(tmp_path, exchanges=tables), View(), sim=None, duration_s=0.5, once=once)
    finally:
        await sim.stop()


async def test_told_to_stop_while_facts_are_read_it_stops(tmp_path):
    async def never(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    stop, view = asyncio.Event(), View()
    asyncio.get_running_loop().call_later(1.0, stop.set)
    async with server:
        config = settings(tmp_path, exchanges={name: {"rest_url": url} for name in ("mexc", "gateio")})
        async with asyncio.timeout(5):
            summary = await scan(config, view, sim=None, stop=stop)
    assert summary.ended == "interrupted"
    assert view.summary is summary


async def test_a_tape_that_cannot_be_written_is_an_error_after_the_summary(tmp_path, monkeypatch):
    monkeypatch.setattr(TapeWriter, "failure", "t: the tape is incomplete: No space left on device")
    view = View()
    with pytest.raises(TapeError, match="No space left"):
        await scan(settings(tmp_path), view, tape=tmp_path / "t", duration_s=0.5)
    assert view.summary.notes == ("t: the tape is incomplete: No space left on device",)
