"""Cancels: over the socket where that is open to them now, else by REST in their turn, before all others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from arb.domain import ClientId, Symbol
from arb.errors import Cause, Transient, VenueError
from arb.interfaces import Answer, Call, Clock, Lane, PrivateCodec, Verb
from fastpath.net.governor import Cost, Governor
from fastpath.net.outlet import Outlet
from fastpath.net.private_stream import PrivateStream
from fastpath.net.sender import Job, Sender

TRIES = 5
AGAIN_S = 0.2  # between two of them


class Target(msgspec.Struct, frozen=True):
    """The order to be cancelled; by the venue's id where it is known."""

    symbol: Symbol
    client_id: ClientId
    venue_id: str


class Cancels:
    """One that was turned away at the door is sent again: nothing can come of it twice.

    judge: hears every error, for what it says of more than its own call.   complain: hears what no event tells.
    """

    def __init__(
        self,
        codec: PrivateCodec,
        stream: PrivateStream,
        sender: Sender,
        governor: Governor,
        out: Outlet,
        *,
        clock: Clock,
        venue_ns: Callable[[], int],
        judge: Callable[[VenueError], None],
        complain: Callable[[VenueError], None],
    ) -> None:
        self._codec = codec
        self._stream = stream
        self._sender = sender
        self._governor = governor
        self._out = out
        self._clock = clock
        self._venue_ns = venue_ns
        self._judge = judge
        self._complain = complain

    def send(self, target: Target, tries: int = TRIES) -> None:
        """Nothing happens where no run is going on: nobody would hear of it. What has not left yet never does."""
        if self._out.sink is None or self._sender.withdraw(target.client_id):
            return
        done = partial(self._done, target, tries)
        make = partial(self._call, target)
        link, now_ns = self._stream.link, self._clock.mono_ns()
        cost = Cost(Verb.CANCEL, target.symbol, socket=True)
        if link is None or not link.orders or self._governor.wait_ns(cost, Lane.CANCEL, now_ns):
            name = f"{target.symbol} {target.client_id} {target.venue_id}"
            self._sender.queue(Job(cost._replace(socket=False), Lane.CANCEL, make, done, name=name))
            return
        try:
            call = make(socket=True)
        except VenueError as error:
            self._complain(error)
            return
        self._governor.take(cost, now_ns)
        link.call(call, cost, done)

    def _call(self, target: Target, *, socket: bool = False) -> Call:
        return self._codec.encode_cancel(
            target.symbol, target.client_id, self._venue_ns(), venue_id=target.venue_id, socket=socket
        )

    def _done(self, target: Target, tries: int, outcome: Answer | VenueError, _asked_ns: int, _recv_ns: int) -> None:
        if not isinstance(outcome, VenueError):
            self._out.tell(*outcome.events)
            return
        self._judge(outcome)
        if isinstance(outcome, Transient) and tries > 1 and self._out.sink is not None:
            asyncio.get_running_loop().call_later(AGAIN_S, self.send, target, tries - 1)
        elif outcome.cause not in (Cause.NOT_FOUND, Cause.CLOSED):  # of what is over there is nothing to cancel
            self._complain(outcome)
