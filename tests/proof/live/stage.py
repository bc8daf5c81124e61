"""Two simulated exchanges in this process, in real time, and all that an engine in another one needs to trade there."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, TypeVar

from arb.app.passes import make_pass, record_pass
from arb.clock import SystemClock
from arb.config import Credentials, load
from arb.control import STATUS, Verb, ask
from arb.errors import NotRunning
from arb.sim import FaultPlan, SimExchanges, SimSettings
from arb.status import EngineStatus
from tests.proof.live.arrivals import Arrival, Arrivals

R = TypeVar("R")

VENUES = ("mexc", "gateio")
ROOT = Path(__file__).parents[3]

_CONFIG = """\
[exchanges.mexc]
rest_url = "{mexc.rest_url}"
ws_url = "{mexc.ws_url}"

[exchanges.gateio]
rest_url = "{gateio.rest_url}"
ws_url = "{gateio.ws_url}"

[scan]
symbols = {symbols}
audit_s = 0.0
max_age_ms = 10000
max_skew_ms = 10000

[size]
USDT = "{size}"

[run]
mode = "live"
accept_unknown_rights = true

[execution]
answer_ms = 500
ask_ms = 100
{unwind}

[risk]
max_trade = "500"
max_venue = "1000000"
max_coin = "1000000"
max_total = "1000000"
max_naked = "1000000"
max_naked_s = 60.0
max_daily_loss = "1000000"
max_losses = 1000
max_orders_per_min = 100000
max_book_age_ms = 10000
max_skew_ms = 10000
allow_unknown = ["identity", "transfer"]
"""


class Ended(NamedTuple):
    """A process that has ended."""

    code: int
    out: str
    err: str


class Engine:
    """An `arb run` in a process of its own. argv: as the system knows it."""

    def __init__(self, process: asyncio.subprocess.Process, out: Path, err: Path) -> None:
        self._process = process
        self._out = out
        self._err = err
        self.argv = Path(f"/proc/{process.pid}/cmdline")

    @property
    def runs(self) -> bool:
        return self._process.returncode is None

    def told(self) -> str:
        """What it has logged by now."""
        return self._err.read_text()

    def printed(self) -> str:
        """What it has written to stdout by now."""
        return self._out.read_text()

    def kill(self) -> None:
        """Nothing of it is done any more, not even what it was just about to."""
        self._process.kill()

    async def ended(self, at_most_s: float = 60.0) -> Ended:
        """Its end, which somebody else causes. Raises TimeoutError."""
        async with asyncio.timeout(at_most_s):
            code = await self._process.wait()
        return Ended(code, self._out.read_text(), self._err.read_text())

    async def interrupted(self) -> Ended:
        """Stopped as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        return await self.ended()


class Stage:
    """folder: where everything that is written goes.   on_order: told every order of ours as it reaches a venue."""

    def __init__(
        self, sim: SimExchanges, folder: Path, *, symbols: Sequence[str], size: str, unwind: str | None
    ) -> None:
        self.sim = sim
        self.folder = folder
        self.journal = folder / "data" / "arb" / "journal-live.sqlite"
        self.on_order: Callable[[Arrival], None] = lambda _arrival: None
        self._arrivals = Arrivals(lambda arrival: self.on_order(arrival))
        self._engines: list[Engine] = []
        self._config = folder / "arb.toml"
        ladder = "" if unwind is None else f"unwind = {unwind}"
        self._config.write_text(_CONFIG.format(**sim.urls, symbols=list(symbols), size=size, unwind=ladder))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARB_", "XDG_"))}
        self.environ = kept | {
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PYTHONPATH": str(ROOT),
        }
        for venue, (key, secret) in sim.keys.items():
            self.environ |= {f"ARB_{venue.upper()}_KEY": key, f"ARB_{venue.upper()}_SECRET": secret}
        for each in sim.venues.values():
            self._arrivals.watch(each)

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """The orders of ours that ever reached a venue."""
        return self._arrivals.seen

    async def run(self, *more: str, environ: Mapping[str, str] | None = None) -> Engine:
        """Start the engine; it is not yet up."""
        return await self._start("run", "--live", *more, environ=environ)

    async def arb_begun(self, *words: str, environ: Mapping[str, str] | None = None) -> Engine:
        """Any other command, to be stopped by the caller."""
        return await self._start(*words, environ=environ)

    async def arb(self, *words: str, environ: Mapping[str, str] | None = None) -> Ended:
        """Any other command, to its end."""
        return await (await self._start(*words, environ=environ)).ended()

    async def examined(self) -> Ended:
        """A pass of `arb doctor`, which live asks for."""
        ended = await self.arb("doctor", "--live")
        assert ended.code == 0, ended
        return ended

    def passed(self, secrets: Mapping[str, str] | None = None) -> None:
        """The same, without the doctor. secrets: of venues whose right one it was not."""
        loaded = load(
            environ=self.environ, cwd=self.folder, home=self.folder, config=self._config, options={}, canonical=str
        )
        keys = {
            venue: Credentials(venue, key, (secrets or {}).get(venue, secret))
            for venue, (key, secret) in self.sim.keys.items()
        }
        record_pass(self.journal.parent, make_pass(loaded.settings, keys, VENUES, SystemClock().wall_ns()))

    def through(self, path: str) -> None:
        """Who carries orders and balances from the next start on: "native" or "ccxt". Asks for another pass."""
        lines = [line for line in self._config.read_text().splitlines() if not line.startswith("orders =")]
        told = [[line, f'orders = "{path}"'] if line.startswith("[exchanges.") else [line] for line in lines]
        self._config.write_text("\n".join(line for pair in told for line in pair))

    async def ask(self, verb: Verb[R], **args: object) -> R:
        """What the running engine answers, without a process for the question."""
        return await ask(self.folder / "run" / "arb" / "live.sock", verb, timeout_s=20.0, **args)

    async def _start(self, *words: str, environ: Mapping[str, str] | None = None) -> Engine:
        number = f"{len(self._engines) + 1:03}"
        out, err = self.folder / f"{number}.out", self.folder / f"{number}.err"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "arb.cli", *words, "--config", str(self._config),
                stdout=stdout, stderr=stderr, stdin=asyncio.subprocess.DEVNULL, cwd=self.folder,
                env={**self.environ, **(environ or {})},
            )  # fmt: skip
        engine = Engine(process, out, err)
        self._engines.append(engine)
        return engine

    async def clear(self) -> None:
        """A test that fails leaves no process behind."""
        for engine in self._engines:
            if engine.runs:
                engine.kill()
                await engine.ended()

    async def until(self, true: Callable[[], bool], engine: Engine, at_most_s: float = 30.0) -> None:
        """Until something is true while the engine runs. Fails with what it has logged."""
        try:
            async with asyncio.timeout(at_most_s):
                while not true():
                    assert engine.runs, engine.told()
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"not within {at_most_s} s; the engine said:\n{engine.told()}") from None

    async def status(
        self, engine: Engine, true: Callable[[EngineStatus], object] = bool, at_most_s: float = 30.0
    ) -> EngineStatus:
        """What it says of itself, once something of that is true. Fails with what it has logged."""
        try:
            async with asyncio.timeout(at_most_s):
                while True:
                    with suppress(NotRunning):
                        if true(status := await self.ask(STATUS)):
                            return status
                    assert engine.runs, engine.told()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {at_most_s} s; the engine said:\n{engine.told()}") from None

    async def traded(self, engine: Engine, orders: int, at_most_s: float = 30.0) -> None:
        """Until so many more orders have reached the venues."""
        enough = len(self.arrivals) + orders
        await self.until(lambda: len(self.arrivals) >= enough, engine, at_most_s)


@asynccontextmanager
async def staged(
    folder: Path,
    *,
    seed: int,
    symbols: Sequence[str] = ("BTC/USDT", "ETH/USDT", "SOL/USDT"),
    listed: int = 6,
    size: str = "50",
    gaps_hz: float = 30.0,
    faults: FaultPlan | None = None,
    unwind: str | None = None,
) -> AsyncIterator[Stage]:
    """listed: markets of the exchanges.   symbols: what the engine trades.   unwind: its ladder, as TOML."""
    settings = SimSettings(gaps_hz=gaps_hz)
    sim = SimExchanges(SystemClock(), seed=seed, symbols=listed, venues=VENUES, settings=settings, faults=faults)
    await sim.start()
    stage = Stage(sim, folder, symbols=symbols, size=size, unwind=unwind)
    try:
        yield stage
    finally:
        await stage.clear()
        await sim.stop()
