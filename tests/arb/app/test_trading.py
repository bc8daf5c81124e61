"""Whole trading runs against the simulated exchanges over real sockets: both legs, the journal, the end."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from arb import app
from arb.clock import SystemClock
from arb.config import Settings
from arb.control import BALANCES, CANCEL_ALL, FLATTEN, HALT, RESUME, STATUS, ask, record_wish, wish_path
from arb.domain import CycleClosed, CycleOpened, OrderUpdate, RiskMoved, RiskState
from arb.errors import AuthFailed, ConfigError, JournalError
from arb.journal import Records
from arb.rows import SimOptions, TradeFiles
from arb.sim import SimExchanges
from fastpath import mexc

SYMBOLS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "DOGE/USDT")


class View:
    """Keeps what it is told."""

    def __init__(self):
        self.source = None
        self.cycles = []
        self.moves = []
        self.summary = None

    def started(self, source):
        self.source = source

    def closed(self, opened, closed):
        self.cycles.append((opened, closed))

    def moved(self, moved):
        self.moves.append(moved)

    def finished(self, summary):
        self.summary = summary


class Run:
    """One engine in a folder of its own."""

    def __init__(self, folder: Path, mode: str, **tables) -> None:
        self.mode = mode
        self.view = View()
        self.stop = asyncio.Event()
        self.files = TradeFiles(folder / f"journal-{mode}.sqlite", folder / "run" / "engine.sock")
        self.settings = Settings.model_validate(
            {
                "exchanges": {"mexc": {}, "gateio": {}},
                "scan": {"symbols": SYMBOLS},
                "risk": {"max_book_age_ms": 3000, "max_skew_ms": 3000},
                "cache": {"dir": str(folder / "cache")},
            }
            | tables
        )

    async def __call__(self, *, duration_s=30.0, max_cycles=1, environ=(), sim=True):
        return await app.trade(
            self.settings,
            mode=self.mode,
            credentials={},
            clock=SystemClock(),
            view=self.view,
            sim=SimOptions(seed=1, symbols=8) if sim else None,
            files=self.files,
            environ=dict(environ),
            duration_s=duration_s,
            max_cycles=max_cycles,
            accept_balances=False,
            stop=self.stop,
        )

    async def until(self, wanted) -> None:
        async with asyncio.timeout(20):
            while not wanted():  # noqa: ASYNC110  another task's doing
                await asyncio.sleep(0.01)

    async def ask(self, verb, **args):
        return await ask(self.files.control, verb, **args)


@pytest.mark.parametrize(
    ("mode", "orders"),
    [
        pytest.param("sim", "native", id="orders of ours over the native private sides"),
        pytest.param("sim", "ccxt", id="orders through ccxt, by one switch"),
        pytest.param("paper", None, id="paper, on the live books"),
    ],
)
async def test_a_cycle_is_carried_out_and_written_down(tmp_path, mode, orders):
    run = Run(tmp_path, mode, exchanges={"mexc": {"orders": orders}, "gateio": {"orders": orders}})
    summary = await run()
    assert (summary.ended, summary.left_open, summary.halted_by) == ("cycles", 0, "")
    assert summary.flat + summary.hedged == 1, summary
    ((opened, closed),) = run.view.cycles
    assert summary.pnl == ((opened.plan.quote, closed.pnl),)
    assert {side.path for side in summary.engine.venues} == {orders or "paper"}
    assert summary.engine.sent_p50_us is not None
    records = Records(run.files.journal)
    assert list(records.facts(CycleOpened)) == [opened]
    assert list(records.facts(CycleClosed)) == [closed]
    assert opened.plan.checks, "the evidence is kept with the plan"
    sums: dict[tuple[str, str], Decimal] = {}
    for fill in records.fills():
        base, quote = fill.symbol.split("/")
        sign = 1 if fill.side == 1 else -1
        for coin, change in (
            (base, sign * fill.qty),
            (quote, -sign * fill.qty * fill.price),
            (fill.fee_coin, -fill.fee),
        ):
            sums[fill.venue, coin] = sums.get((fill.venue, coin), Decimal(0)) + change
    assert {(delta.venue, delta.coin): delta.qty for delta in closed.deltas} == {k: v for k, v in sums.items() if v}
    assert {update.client_id for update in records.facts(OrderUpdate)} >= {order.client_id for order in opened.orders}
    records.close()
    assert not run.files.control.exists()


async def test_where_one_venue_refuses_the_key_the_other_ends_what_is_open(tmp_path, monkeypatch):
    encode = mexc.PrivateCodec.encode_order

    def unsigned(self, *given, **named):
        call = encode(self, *given, **named)
        wrong = call.request.path.partition("&signature=")[0] + "&signature=" + 64 * "0"
        return replace(call, request=replace(call.request, path=wrong))

    monkeypatch.setattr(mexc.PrivateCodec, "encode_order", unsigned)
    run = Run(tmp_path, "sim")
    with pytest.raises(AuthFailed, match="mexc: 700002"):
        await run(max_cycles=None)
    assert (run.view.summary.ended, run.view.summary.left_open) == ("failed", 0)
    assert run.view.summary.notes[0].startswith("mexc: 700002")
    records = Records(run.files.journal)
    assert records.open_cycles() == ()
    for moved in records.exposures():
        assert (moved.venue, moved.coin == "USDT" or abs(moved.qty) < Decimal("0.01")) == ("gateio", True), moved
    records.close()


async def test_a_person_steers_a_running_engine(tmp_path):
    run = Run(tmp_path, "sim")
    task = asyncio.create_task(run(duration_s=60.0, max_cycles=None))
    await run.until(lambda: run.view.source is not None and run.files.control.exists())
    await run.until(lambda: all(venue.private_up for venue in run.view.source.engine().venues))
    status = await run.ask(STATUS)
    assert (status.mode, status.risk, {venue.why for venue in status.venues}) == ("sim", RiskState.ACTIVE, {""})
    assert all(venue.orders_left for venue in status.venues)
    halted = await run.ask(HALT, why="lunch")
    assert (halted.before, halted.after) == (RiskState.ACTIVE, RiskState.HALTED)
    sent = (await run.ask(STATUS)).orders_sent
    rows = (await run.ask(BALANCES)).rows
    assert {row.venue for row in rows} == {"mexc", "gateio"}
    assert all(row.usable for row in rows)
    assert (await run.ask(CANCEL_ALL)).orders == ()
    assert (await run.ask(FLATTEN)).sent == ()
    await asyncio.sleep(0.3)
    assert (await run.ask(STATUS)).orders_sent == sent
    assert (await run.ask(RESUME)).after is RiskState.ACTIVE
    run.stop.set()
    summary = await task
    assert summary.ended == "interrupted"
    assert [move.limit for move in run.view.moves] == ["halt", "resume"]
    records = Records(run.files.journal)
    assert next(records.facts(RiskMoved)).why == "lunch"
    records.close()


async def test_a_wish_from_before_is_obeyed_once(tmp_path):
    run = Run(tmp_path, "sim")
    record_wish(wish_path(run.files.journal), "halt", "not before noon", 1)
    task = asyncio.create_task(run(duration_s=60.0, max_cycles=None))
    await run.until(lambda: run.view.moves)
    run.stop.set()
    summary = await task
    assert summary.engine.risk is RiskState.HALTED
    assert summary.halted_by == ""
    assert [(move.after, move.why) for move in run.view.moves] == [(RiskState.HALTED, "not before noon")]
    assert not wish_path(run.files.journal).exists()


async def test_a_simulated_account_begins_with_a_journal_of_its_own(tmp_path):
    run = Run(tmp_path, "paper")
    assert (await run(duration_s=0.5, max_cycles=None)).ended == "duration"
    assert (await run(duration_s=0.5, max_cycles=None)).ended == "duration"
    kept = sorted(path.name for path in tmp_path.glob("journal-paper*.sqlite"))
    assert len(kept) == 2
    assert kept[-1] == "journal-paper.sqlite"


async def test_a_second_engine_of_the_same_mode_is_turned_away(tmp_path):
    run, other = Run(tmp_path, "sim"), Run(tmp_path, "sim")
    task = asyncio.create_task(run(duration_s=60.0, max_cycles=None))
    await run.until(lambda: run.view.source is not None)
    with pytest.raises(JournalError, match="is being written by process"):
        await other()
    run.stop.set()
    assert (await task).ended == "interrupted"


async def test_without_keys_no_order_is_even_thought_of(tmp_path):
    run = Run(tmp_path, "live")
    sim = SimExchanges(SystemClock(), symbols=8)
    await sim.start()
    try:
        tables = {name: {"rest_url": urls.rest_url, "ws_url": urls.ws_url} for name, urls in sim.urls.items()}
        exchanges = Settings.model_validate({"exchanges": tables}).exchanges
        run.settings = run.settings.model_copy(update={"exchanges": exchanges})
        with pytest.raises(ConfigError, match="ARB_MEXC_KEY"):
            await run(sim=False, duration_s=1.0)
        assert not run.files.journal.exists()
    finally:
        await sim.stop()
