"""Our journal against the exchanges' ledgers, exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from arb.domain import CycleClosed, CycleOpened, Delta, Fill, OrderSent, Purpose, RiskMoved, Side
from arb.journal import Records
from arb.recovery.balances import deltas, summed
from arb.sim import SimExchanges
from tests.proof.live.arrivals import Arrival

Amounts = dict[tuple[str, str], Decimal]


def check_books(path: Path, sim: SimExchanges, arrivals: Iterable[Arrival]) -> int:
    """Nothing sent twice, nothing forgotten, and all money accounted for. Returns how many cycles there were.

    For a stopped engine, and an account that nobody else has used.
    """
    for venue in sim.venues:
        sim.ledger(venue).check()
    with closing(Records(path)) as records:
        _check_orders(records, sim, arrivals)
        fills = list(records.fills())
        assert _told(records, fills) == _executed(sim)
        changed = _changed(sim)
        assert _amounts(delta for fill in fills for delta in deltas(fill)) == changed
        closed = list(records.facts(CycleClosed))
        assert _amounts(delta for each in closed for delta in each.deltas) == changed
        assert {(e.venue, e.coin): e.qty for e in records.exposures() if e.qty} == changed
        opened = Counter(each.cycle for each in records.facts(CycleOpened))
        assert opened == Counter(each.cycle for each in closed)
        assert set(opened.values()) == {1}
        return len(opened)


def _check_orders(records: Records, sim: SimExchanges, arrivals: Iterable[Arrival]) -> None:
    written = {(sent.order.venue, sent.order.client_id) for sent in records.orders()}
    arrived = Counter((each.venue, each.client_id) for each in arrivals)
    assert {name: count for name, count in arrived.items() if count > 1} == {}, "sent twice"
    assert arrived.keys() <= written, "never written ahead"
    for venue in sim.venues:
        ledger = sim.ledger(venue)
        assert [facts for facts in ledger.orders.values() if facts.status == "open"] == []
        assert {coin: locked for coin, (_, locked) in ledger.balances.items() if locked} == {}
        accepted = Counter(_ours(facts.client_id) for facts in ledger.orders.values())
        assert set(accepted.values()) <= {1}
        assert {(venue, name) for name in accepted} <= arrived.keys()


def _told(records: Records, fills: Iterable[Fill]) -> dict[tuple[object, ...], tuple[object, ...]]:
    return {
        (fill.venue, fill.symbol, fill.trade_id, records.owner_of(fill)): (
            fill.side is Side.BUY, fill.price, fill.qty, fill.fee, fill.fee_coin,
        )
        for fill in fills
    }  # fmt: skip


def _executed(sim: SimExchanges) -> dict[tuple[object, ...], tuple[object, ...]]:
    return {
        (venue, fill.symbol, fill.trade_id, _ours(fill.client_id)): (
            fill.buy, fill.price, fill.qty, fill.fee, fill.fee_coin,
        )
        for venue in sim.venues
        for fill in sim.ledger(venue).fills
    }  # fmt: skip


def _changed(sim: SimExchanges) -> Amounts:
    """What the accounts hold now and did not in the beginning."""
    found: Amounts = {}
    for venue in sim.venues:
        ledger = sim.ledger(venue)
        for coin in ledger.balances:
            found[venue, coin] = ledger.total(coin) - ledger.start.get(coin, Decimal(0))
    return {key: qty for key, qty in found.items() if qty}


def _amounts(found: Iterable[Delta]) -> Amounts:
    return dict(summed(found))


def _ours(name: str) -> str:
    """Without the mark that Gate asks for."""
    return name.removeprefix("t-")


def sent_while_halted(path: Path) -> list[str]:
    """Whatever was written ahead while a person's halt stood, but for what a person asked for; it must be nothing."""
    halted, wrong = False, []
    with closing(Records(path)) as records:
        for record in records.records((RiskMoved, CycleOpened, OrderSent)):
            fact = record.fact
            if isinstance(fact, RiskMoved):
                halted = fact.limit == "halt" or (halted and fact.limit != "resume")
            elif halted and isinstance(fact, CycleOpened):
                wrong += [order.client_id for order in fact.orders]
            elif halted and isinstance(fact, OrderSent) and fact.purpose is not Purpose.FLATTEN:
                wrong.append(fact.order.client_id)
    return wrong
