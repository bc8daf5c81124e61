"""The private stream of a venue, kept alive: a socket that ends is mended, one that wears out is replaced before."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from arb.domain import ConnId
from arb.errors import AuthFailed, Transient, VenueError
from arb.supervise import Up, supervise
from fastpath.net.errors import told
from fastpath.net.listen_keys import ListenKeys
from fastpath.net.pacing import SECOND_NS
from fastpath.net.private_link import PrivateLink, PrivateWiring

STABLE_S = 5.0  # a connection that lived so long works; one that dies sooner is retried ever later
LIFE_SHARE = (0.85, 0.95)  # of the venue's own limit, drawn for each connection
DRAIN_S = 2.0  # for the answers that a replaced connection still owes
DRAIN_POLL_NS = SECOND_NS // 50
REPLACE_AGAIN_S = 1.0


class PrivateStream:
    """on_up: it stands, and did not before.   on_down: it stands no more; told why, in the callback that noticed it."""

    def __init__(
        self,
        wiring: PrivateWiring,
        keys: ListenKeys,
        *,
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        self._wiring = wiring
        self._keys = keys
        self._on_up = on_up
        self._on_down = on_down
        self._conns = map(ConnId, count(1))
        self.link: PrivateLink | None = None  # what stands now

    async def run(self) -> None:
        """Until cancelled. Raises AuthFailed or ConfigError."""
        await supervise(self._connect, self._lost, sleep=self._wiring.sleep, rng=self._wiring.rng)

    async def _connect(self, up: Up) -> None:
        link = await self._open()
        try:
            self._stand(link)
            while True:
                await self._attend(link, up)
                link = await self._replace(link)
        finally:
            await link.close("stopped")
            await self._keys.drop(link.key)

    async def _open(self) -> PrivateLink:
        key = await self._keys.make()
        link = PrivateLink(self._wiring, next(self._conns), key, self._on_lost)
        try:
            await link.open()
        except BaseException as failure:
            await link.close("not opened")
            if isinstance(failure, VenueError):
                await self._keys.drop(key)  # a venue has so many keys for an account, and each lives for an hour
            raise
        return link

    def _stand(self, link: PrivateLink) -> None:
        """From one connection that stands to another nothing was missed: nobody need know."""
        if link.lost is not None:
            raise link.lost
        fresh, self.link = self.link is None, link
        if fresh:
            self._on_up()

    async def _attend(self, link: PrivateLink, up: Up) -> None:
        """Until it should be replaced. Raises what ended it."""
        wiring = self._wiring
        now_ns = wiring.clock.mono_ns()
        stable_ns = link.opened_ns + round(STABLE_S * SECOND_NS)
        keep_ns = now_ns + round(self._keys.keep_s * SECOND_NS) if self._keys.keep_s else 0
        life_ns = round(wiring.spec.life_s * wiring.rng.uniform(*LIFE_SHARE) * SECOND_NS)
        end_ns = link.opened_ns + life_ns if life_ns else 0
        while True:
            now_ns = wiring.clock.mono_ns()
            if link.lost is not None:
                raise link.lost
            if stable_ns and now_ns >= stable_ns:
                stable_ns = 0
                up()
            if link.worn or (end_ns and now_ns >= end_ns):
                return
            if keep_ns and now_ns >= keep_ns:
                keep_ns = now_ns + round(self._keys.keep_s * SECOND_NS)
                await self._keep(link)
                continue
            due = [ns - now_ns for ns in (stable_ns, keep_ns, end_ns) if ns]
            await link.alarm.wait(min(due, default=None))

    async def _keep(self, link: PrivateLink) -> None:
        try:
            await self._keys.keep(link.key)
        except AuthFailed:
            raise
        except VenueError as error:
            self._wiring.on_error(error)
            link.worn = True

    async def _replace(self, old: PrivateLink) -> PrivateLink:
        """A new connection first, then the old one goes. Raises what ended the old one meanwhile."""
        while True:
            try:
                link = await self._open()
                break
            except AuthFailed:
                raise
            except VenueError as error:
                if old.lost is not None:
                    raise
                self._wiring.on_error(error)
                await old.alarm.wait(round(REPLACE_AGAIN_S * SECOND_NS))
        try:
            self._stand(link)
            self._wiring.counters.rotations += 1
            await self._drain(old)
        except BaseException:
            await link.close("not needed")
            raise
        await old.close("replaced")
        if old.key != link.key:
            await self._keys.drop(old.key)
        return link

    async def _drain(self, old: PrivateLink) -> None:
        """What it still owes after a while is told as unknown when it is closed."""
        until_ns = self._wiring.clock.mono_ns() + round(DRAIN_S * SECOND_NS)
        while old.waiting and old.lost is None and self._wiring.clock.mono_ns() < until_ns:
            await old.alarm.wait(DRAIN_POLL_NS)

    def _on_lost(self, link: PrivateLink, failure: Exception) -> None:
        if link is self.link:
            self.link = None
            self._on_down(failure.message if isinstance(failure, VenueError) else repr(failure))

    def _lost(self, failure: Exception | None) -> None:
        self._wiring.counters.losses += 1
        error = failure or Transient(self._wiring.venue, "the private stream ended")
        self._wiring.on_error(told(self._wiring.venue, error))
