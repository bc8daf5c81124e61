"""The private wire as values: calls, answers, and the codec between them and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import ClassVar, Literal, Protocol

import msgspec

from arb.domain import ClientId, Event, NativeSymbol, Order, Symbol
from arb.errors import VenueError
from arb.interfaces.wire import Request


class Verb(IntEnum):
    """What a private call asks for."""

    PLACE = 1
    AMEND = 2
    CANCEL = 3
    QUERY = 4
    OPEN_ORDERS = 5
    FILLS = 6
    BALANCES = 7
    LISTEN_KEY = 8
    LOGIN = 9
    SUBSCRIBE = 10
    DEADMAN = 11
    TIME = 12
    RIGHTS = 13

    @property
    def changes(self) -> bool:
        """An order may be different afterwards, also where no answer came: only then an outcome can be unknown."""
        return self in (Verb.PLACE, Verb.AMEND, Verb.CANCEL)


class ListenKey(IntEnum):
    """What can be done with the key that opens a private socket, where a venue has one."""

    MAKE = 1
    KEEP = 2
    CLOSE = 3
    LIST = 4


class Call(msgspec.Struct, frozen=True):
    """A private request as a value, and what its answer will be about.

    request: over HTTP; None: `frame`, over the private socket, whose answers repeat `id`.
    client_ids: the orders it is about, more than one for a batch.
    """

    verb: Verb
    request: Request | None = None
    frame: bytes = b""
    id: str = ""
    symbol: Symbol = Symbol("")
    client_ids: tuple[ClientId, ...] = ()

    def __repr__(self) -> str:
        """Not the frame: it may hold a key and a signature."""
        how = repr(self.request) if self.request is not None else f"frame {self.id}"
        return f"Call({self.verb.name}, {how}, {self.symbol}, {', '.join(self.client_ids)})"


class RateHint(msgspec.Struct, frozen=True):
    """What a venue says of the budget a call was counted in. reset_ns: when it is whole again, wall time."""

    remain: int
    limit: int
    reset_ns: int


class KeyRights(msgspec.Struct, frozen=True):
    """What a venue tells of the key in use. None: it does not tell.

    ip_locked: it works from named addresses only.   expires_ns: wall time, 0: never.
    notes: what else of it a person should know.
    """

    trade: bool | None = None
    withdraw: bool | None = None
    ip_locked: bool | None = None
    expires_ns: int | None = None
    notes: tuple[str, ...] = ()

    def joined(self, other: KeyRights) -> KeyRights:
        """Both; where both tell, this one counts."""
        return KeyRights(
            self.trade if self.trade is not None else other.trade,
            self.withdraw if self.withdraw is not None else other.withdraw,
            self.ip_locked if self.ip_locked is not None else other.ip_locked,
            self.expires_ns if self.expires_ns is not None else other.expires_ns,
            (*self.notes, *other.notes),
        )


class Answer(msgspec.Struct, frozen=True):
    """What a venue answered to a call.

    final: False: received, another answer will follow.   id: of the call, where the answer came over the socket.
    error: only where the answer came over the socket; over HTTP it is raised.
    texts: listen keys, or the account's id for a login.   venue_ns: its clock, for TIME.
    full: as many records as it gives at once: there may be more.
    """

    events: tuple[Event, ...] = ()
    id: str = ""
    final: bool = True
    error: VenueError | None = None
    texts: tuple[str, ...] = ()
    venue_ns: int = 0
    full: bool = False
    rate: RateHint | None = None
    rights: KeyRights | None = None

    def __repr__(self) -> str:
        """Not the texts: a listen key opens the account's stream."""
        said = f", error={self.error!r}" if self.error is not None else ""
        return f"Answer({self.id!r}, {len(self.events)} events, final={self.final}{said})"


class RatePool(msgspec.Struct, frozen=True):
    """One budget of requests: `tokens` within any `window_s`.

    costs: what a call of each verb takes of it; verbs that are not named take nothing.
    apart: what has such a budget of its own; "account": it is one for all.
    each: every order of a batch counts.   socket: calls over the private socket count too.
    told: the hints in the venue's answers to these calls speak of this budget.
    """

    name: str
    tokens: int
    window_s: float
    costs: Mapping[Verb, int]
    apart: Literal["account", "market", "verb"] = "account"
    each: bool = False
    socket: bool = False
    told: bool = False


class PrivateSpec(msgspec.Struct, frozen=True):
    """Facts about a venue's private side that its codec's caller needs.

    client_id: what a client id must match, whole.   batch: most orders in one call.
    socket_orders: orders may go over the private socket.   streams: one call to subscribe each.
    keep_key_s: renew the listen key so often (0: there is none).
    settle_s: an order that the venue does not know may still appear for so long after it was sent.
    forget_s: so long after its end an unfilled order may be unknown again (0: never): "not found" proves no more.
    pools: the budgets that calls are counted in.
    """

    client_id: str
    batch: int
    socket_orders: bool
    streams: int
    keep_key_s: float
    settle_s: float
    forget_s: float
    pools: tuple[RatePool, ...] = ()


class PrivateCodec(Protocol):
    """Bytes <-> orders, fills and balances of one venue. Owns no socket and no clock, and shows its secret to nobody.

    natives: the venue's name -> ours.   window_ms: a request that arrives so long after `wall_ns` is refused.
    `wall_ns` is the venue's time as well as we know it. `socket=True` asks for a frame instead of a request, where
    `spec.socket_orders` allows. An optional Call is None where the venue has no such thing.
    The encoders raise Rejected for what no venue would take. Orders of a verb that changes something follow one rule:
    a documented refusal is Rejected, AuthFailed or Transient (nothing happened); a timeout, a 5xx, an unreadable
    answer and a code that nobody documents are OutcomeUnknown.
    """

    spec: ClassVar[PrivateSpec]

    def __init__(
        self, natives: Mapping[NativeSymbol, Symbol], key: str, secret: str, *, window_ms: int = 5_000
    ) -> None: ...

    def encode_order(self, order: Order, wall_ns: int, *, socket: bool = False) -> Call: ...

    def encode_orders(self, orders: Sequence[Order], wall_ns: int, *, socket: bool = False) -> Call:
        """A batch: some may be refused while others are accepted."""

    def encode_amend(
        self,
        symbol: Symbol,
        client_id: ClientId,
        wall_ns: int,
        *,
        venue_id: str = "",
        price: Decimal | None = None,
        qty: Decimal | None = None,
        socket: bool = False,
    ) -> Call | None:
        """Another price or another whole quantity for a resting order."""

    def encode_cancel(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call:
        """By the venue's id where it is known, else by ours."""

    def encode_query(
        self, symbol: Symbol, client_id: ClientId, wall_ns: int, *, venue_id: str = "", socket: bool = False
    ) -> Call: ...

    def encode_open_orders(self, wall_ns: int, *, symbol: Symbol | None = None, page: int = 1) -> Call: ...

    def encode_fills(
        self,
        symbol: Symbol,
        wall_ns: int,
        *,
        client_id: ClientId | None = None,
        venue_id: str = "",
        since_ns: int = 0,
        until_ns: int = 0,
    ) -> Call:
        """The fills of one order (venue_id, and client_id to mark them with), or of a market since a time."""

    def encode_balances(self, wall_ns: int) -> Call: ...

    def encode_deadman(self, timeout_s: int, wall_ns: int) -> Call | None:
        """The venue cancels what rests unless this is repeated within `timeout_s`; 0 calls it off."""

    def encode_time(self) -> Call: ...

    def encode_rights(self, wall_ns: int) -> tuple[Call, ...]:
        """Reading calls whose answers tell, each a part, what the key may do. A venue may refuse some of them."""

    def encode_listen_key(self, action: ListenKey, wall_ns: int, key: str = "") -> Call | None: ...

    def socket_url(self, ws_url: str, listen_key: str = "") -> str: ...

    def encode_login(self, wall_ns: int) -> Call | None: ...

    def encode_subscribe(self, wall_ns: int) -> tuple[Call, ...]:
        """Orders, fills and balances of every market."""

    def encode_ping(self, wall_ns: int) -> bytes: ...

    def decode(self, frame: bytes, recv_ns: int, conn: int = 0) -> tuple[Event | Answer, ...]:
        """A frame of the private socket. Raises ProtocolError."""

    def decode_answer(self, call: Call, body: bytes, recv_ns: int) -> Answer:
        """The body of a 2xx answer. Raises VenueError where it is a refusal all the same, or unreadable."""

    def decode_error(self, call: Call, status: int, body: bytes) -> VenueError:
        """Any other answer as one of our errors."""

    def decode_rate(self, headers: Mapping[str, str]) -> RateHint | None:
        """What the headers of an answer (names in lower case) say of a budget; None: nothing, or nothing readable."""
