"""The trading side of an engine, put together: nothing is decided here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from arb.app.operation import Operation, Side
from arb.app.rules import Rules
from arb.app.scanners import MS
from arb.app.tally import Tally
from arb.app.vitals import Vitals
from arb.books import Books
from arb.config import Settings
from arb.domain import Coin, VenueId
from arb.execution import Executor, Ids
from arb.execution.ids import base36
from arb.exposure import Exposure, Residuals
from arb.interfaces import Clock, Observer, Trading
from arb.inventory import Inventory
from arb.journal import SqliteJournal
from arb.observers import Observers
from arb.planner import Planner
from arb.publisher import Publisher
from arb.risk import Risk
from arb.status import TradeView
from arb.trader import Trader
from arb.valuing import Valuer


class Engine(NamedTuple):
    """What belongs together. trader: the Sink of `trading`."""

    trading: Mapping[VenueId, Trading]
    trader: Trader
    planner: Planner
    inventory: Inventory
    executor: Executor
    risk: Risk
    exposure: Exposure
    publisher: Publisher
    journal: SqliteJournal
    tally: Tally
    operation: Operation


def assemble(
    settings: Settings,
    mode: str,
    sides: Mapping[VenueId, Side],
    books: Books,
    rules: Rules,
    journal: SqliteJournal,
    clock: Clock,
    *,
    view: TradeView,
    observers: Sequence[Observer],
    max_cycles: int | None,
    vitals: Vitals | None = None,
) -> Engine:
    """books, rules: of the run, live.   observers: who else is told every fact of the trading side."""
    vitals = Vitals() if vitals is None else vitals
    trading = {venue: side.trading for venue, side in sides.items()}
    currency = Coin(settings.risk.currency)
    publisher = Publisher(journal, Observers(observers))
    tally = Tally(clock, view)
    inventory, exposure = Inventory(), Exposure()
    residuals = Residuals(exposure, lambda: rules.money() | {currency})
    valuer = Valuer(books, currency, settings.scan.max_age_ms * MS)
    planner = Planner(
        book=books.get, market=rules.market, fee=rules.fee, inventory=inventory,
        sizes={Coin(coin): size for coin, size in settings.size.items()},
        config=settings.execution, max_age_ns=settings.scan.max_age_ms * MS,
    )  # fmt: skip
    risk = Risk(
        settings.risk, price=valuer.price, inventory=inventory, exposure=residuals, trading=trading, book=books.get,
        venues_of=rules.venues_of, publish=publisher.publish, clock=clock,
        why_not=vitals.breakers.why_not, late_ns=vitals.lag.late_ns,
    )  # fmt: skip
    executor = Executor(
        trading=trading, market=rules.market, fee=rules.fee, book=books.get, inventory=inventory, exposure=exposure,
        journal=journal, permits=risk.permits, price=valuer.price, publish=publisher.publish, clock=clock,
        ids=Ids(clock.wall_ns(), base36(os.getpid()).rjust(2, "0")[-2:]), config=settings.execution,
    )  # fmt: skip
    operation = Operation(
        mode=mode, currency=currency, sides=sides, books=books, executor=executor, risk=risk, inventory=inventory,
        residuals=residuals, valuer=valuer, tally=tally, journal=journal, clock=clock,
        vitals=vitals,
    )  # fmt: skip
    publisher.listen(journal.on_fact)
    publisher.listen(tally.on_fact)
    publisher.listen(operation.on_fact)
    publisher.listen(risk.on_fact)
    trader = Trader(
        planner=planner, risk=risk, executor=executor, inventory=inventory, publisher=publisher, journal=journal,
        max_cycles=max_cycles,
    )  # fmt: skip
    return Engine(trading, trader, planner, inventory, executor, risk, exposure, publisher, journal, tally, operation)
