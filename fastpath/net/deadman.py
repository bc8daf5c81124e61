"""The venue's own switch: what rests is cancelled there unless we are heard of again and again."""

from __future__ import annotations

from collections.abc import Callable

from arb.errors import AuthFailed, VenueError
from arb.interfaces import Lane, PrivateCodec, Verb
from arb.supervise import Sleep
from fastpath.net.governor import Cost
from fastpath.net.sender import Sender
from fastpath.net.wiring import OnError

AGAIN_S = 1.0  # where it could not be set
SHARE = 3  # so many times within its timeout


class Deadman:
    """timeout_s: 0: never set. Where the venue has no such switch nothing happens at all."""

    def __init__(
        self,
        codec: PrivateCodec,
        sender: Sender,
        venue_ns: Callable[[], int],
        timeout_s: int,
        on_error: OnError,
        sleep: Sleep,
    ) -> None:
        self._codec = codec
        self._sender = sender
        self._venue_ns = venue_ns
        self._timeout_s = timeout_s
        self._on_error = on_error
        self._sleep = sleep
        self._set_once = False

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed."""
        if not self._timeout_s or self._codec.encode_deadman(self._timeout_s, self._venue_ns()) is None:
            return
        while True:
            wait_s = self._timeout_s / SHARE
            try:
                self._set_once = True  # also where the answer is lost
                await self._ask(self._timeout_s)
            except AuthFailed:
                raise
            except VenueError as error:
                self._on_error(error)
                wait_s = min(wait_s, AGAIN_S)
            await self._sleep(wait_s)

    async def call_off(self) -> None:
        """What rests stays. Raises VenueError: then it will be cancelled."""
        if self._set_once:
            await self._ask(0)
            self._set_once = False

    async def _ask(self, timeout_s: int) -> None:
        await self._sender.ask(
            Cost(Verb.DEADMAN), Lane.RECONCILE, lambda: self._codec.encode_deadman(timeout_s, self._venue_ns())
        )
