"""A native venue asked before a run: its clock and what it tells of the key, over the same REST client and codec."""

from __future__ import annotations

import asyncio
from random import Random

from yarl import URL

from arb.domain import VenueId
from arb.errors import AuthFailed, Cause, ProtocolError, VenueError
from arb.interfaces import Answer, Call, Clock, KeyRights, PrivateCodec
from arb.supervise import Sleep
from fastpath.net.rest import Rest


class NativeProbe:
    """A Probe. codec: with the key, or with an empty one: then only the clock can be asked for."""

    def __init__(
        self,
        venue: VenueId,
        codec: PrivateCodec,
        rest_url: str,
        *,
        clock: Clock,
        rng: Random | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.venue = venue
        self._codec = codec
        self._clock = clock
        self._url = URL(rest_url)
        self._asking = codec.encode_time()  # whose refusal would come back: one call at a time
        self._offset_ns = 0
        self._rest = Rest(
            venue,
            rest_url,
            lambda status, body: codec.decode_error(self._asking, status, body),
            clock=clock,
            sleep=sleep,
            rng=Random() if rng is None else rng,
        )

    async def address(self) -> tuple[str, int]:
        return self._url.host or "", self._url.port or 0

    async def venue_ns(self) -> int:
        before_ns = self._clock.wall_ns()
        told_ns = (await self._ask(self._codec.encode_time())).venue_ns
        self._offset_ns = told_ns - (before_ns + self._clock.wall_ns()) // 2  # what is signed carries the venue's time
        return told_ns

    async def rights(self) -> KeyRights:
        """A call that is not for this key tells nothing; that all of them fail, or the key does, is raised."""
        rights: KeyRights | None = None
        failure: VenueError | None = None
        for call in self._codec.encode_rights(self._clock.wall_ns() + self._offset_ns):
            try:
                told = (await self._ask(call)).rights
            except ProtocolError:
                raise
            except VenueError as exc:
                if isinstance(exc, AuthFailed) and exc.cause is Cause.KEY:
                    raise
                failure = failure or exc
            else:
                rights = told if rights is None or told is None else rights.joined(told)
        if rights is None and failure is not None:
            raise failure
        return rights or KeyRights()

    async def close(self) -> None:
        await self._rest.close()

    async def _ask(self, call: Call) -> Answer:
        if call.request is None:
            raise ProtocolError(self.venue, f"{call.verb.name} is not asked for over REST")
        self._asking = call
        body = await self._rest.get(call.request)
        return self._codec.decode_answer(call, body, self._clock.mono_ns())
