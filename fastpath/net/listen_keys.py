"""The keys that open private sockets, where a venue has such: made, kept alive, given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from arb.errors import AuthFailed, ProtocolError, Rejected, VenueError
from arb.interfaces import Lane, ListenKey, PrivateCodec, Verb
from fastpath.net.governor import Cost
from fastpath.net.sender import Sender

DROP_S = 1.0

_COST = Cost(Verb.LISTEN_KEY)


class ListenKeys:
    """Where the venue has none, the key is "" and needs no keeping."""

    def __init__(self, codec: PrivateCodec, sender: Sender, venue: str, venue_ns: Callable[[], int]) -> None:
        self._codec = codec
        self._sender = sender
        self._venue = venue
        self._venue_ns = venue_ns
        self._lent: dict[str, None] = {}  # keys that another process made, in the order in which we took them

    @property
    def keep_s(self) -> float:
        """How often a key must be kept alive; 0: there are none."""
        return self._codec.spec.keep_key_s

    async def make(self) -> str:
        """A fresh one; the venue may return one that lives already. Raises VenueError.

        Processes that were killed leave theirs, and a venue allows so many: then one of those is taken over.
        """
        if not self.keep_s:
            return ""
        try:
            texts = await self._ask(ListenKey.MAKE)
        except (Rejected, AuthFailed):  # how that is told is documented nowhere; a bad key cannot list either
            key = await self._lend()
            if not key:
                raise
            return key
        if not texts or not texts[0]:
            raise ProtocolError(self._venue, "no listen key in the answer")
        return texts[0]

    async def _lend(self) -> str:
        """One that lives, the longest unused by us; "" where there is none."""
        found = await self._ask(ListenKey.LIST)
        self._lent = {key: None for key in self._lent if key in found}  # what lives no more is nobody's
        fresh = [key for key in found if key not in self._lent]
        key = next(iter(fresh or self._lent), "")
        if key:
            self._lent.pop(key, None)
            self._lent[key] = None
            await self.keep(key)
        return key

    async def keep(self, key: str) -> None:
        """Let it live on. Raises VenueError: then it is best replaced."""
        await self._ask(ListenKey.KEEP, key)

    async def drop(self, key: str) -> None:
        """Give it back, if that is quickly done. One that cannot be given back runs out by itself.

        Nor is one that another process made: it may yet listen with it.
        """
        if key and key not in self._lent:
            try:
                async with asyncio.timeout(DROP_S):
                    await self._ask(ListenKey.CLOSE, key, retries=0)
            except (VenueError, TimeoutError):
                return  # expired, or unreachable: nothing hangs on it any more

    async def _ask(self, action: ListenKey, key: str = "", retries: int = 2) -> tuple[str, ...]:
        told = await self._sender.ask(
            _COST,
            Lane.RECONCILE,
            lambda: self._codec.encode_listen_key(action, self._venue_ns(), key),
            retries=retries,
        )
        return told.answer.texts
