"""One hierarchy, named for what the caller does next.

ArbError ─ ConfigError                     fix the file or the command; raised before anything connects
         ─ BookUnusable(reason)            do not decide on this book
         ─ TapeError                       the recording cannot be read
         ─ JournalError                    the audit trail cannot be written or read: nothing may be sent
         ─ ReconcileError                  what a venue holds cannot be explained: a person must look first
         ─ ControlError                    a running engine did not do what it was asked
              ─ NotRunning                 there is no such engine: start one
         ─ VenueError(venue) ─ Transient        nothing happened; try again later
                             ─ Rejected         nothing happened; do not repeat it as it is
                             ─ OutcomeUnknown   it may have happened: ask the venue before any other act
                             ─ AuthFailed       stop this venue
                             ─ ProtocolError    we misread the venue; carries the frame
                                  ─ SequenceGap a message is missing: resync
"""

from __future__ import annotations

from enum import IntEnum


class Cause(IntEnum):
    """What a venue's own code means, in words that all venues share. The class says what to do; this says why."""

    OTHER = 0  # no code, or one that no table knows
    RATE_LIMIT = 10
    CLOCK = 11  # our time is too far from the venue's: measure the offset anew
    BUSY = 12  # maintenance, a firewall, an unavailable part
    UNSURE = 13  # the venue itself does not know what became of it
    KEY = 20  # the key or its signature
    LOGIN = 21  # this connection is not logged in
    PERMISSION = 22  # what the key, its address or the account may do
    NOT_FOUND = 30  # no such order, or not yet, or no longer
    CLOSED = 31  # the order is done already: ask how
    BALANCE = 32
    TOO_SMALL = 33
    TOO_LARGE = 34
    QUANTITY = 35  # wrong, but not for its size
    PRICE = 36  # outside the venue's band, or no price at all
    MARKET = 37  # unknown, closed, or closed to this side or this key
    ORDER_TYPE = 38
    LIQUIDITY = 39  # nobody to trade with
    WOULD_TAKE = 40  # post-only
    NOT_FILLED = 41  # fill-or-kill
    LIMIT = 42  # orders or positions at once
    DUPLICATE = 43
    NO_CHANGE = 44
    PRECISION = 45  # too many digits
    ACCOUNT = 46  # the account is restrained: risk control, something abnormal
    REQUEST = 47  # we wrote it wrong
    ELSEWHERE = 48  # a code of another product: wallet, sub-accounts, margin, futures


OF_THE_MARKET = frozenset(
    {
        Cause.TOO_SMALL, Cause.TOO_LARGE, Cause.QUANTITY, Cause.PRICE, Cause.PRECISION, Cause.MARKET, Cause.ORDER_TYPE,
        Cause.REQUEST,
    }
)  # fmt: skip
"""What a venue refuses by the rules of a market: either we erred, or they are not what we know any more."""


class ArbError(Exception):
    """Everything this project raises on purpose."""


class ConfigError(ArbError):
    """The configuration or the command is wrong. The message is one line: what is wrong and how to mend it."""


class BookUnusable(ArbError):
    """A book was asked for while it could not be trusted. `reason`: the name of a `Reason`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class TapeError(ArbError):
    """A recording is not one of ours, or is damaged before its first record."""


class JournalError(ArbError):
    """The audit trail cannot be written, or is not one of ours."""


class ReconcileError(ArbError):
    """Our records and a venue disagree in a way that nothing explains: no trading before a person has looked."""


class ControlError(ArbError):
    """A running engine refused what it was asked, or gave no answer that can be relied on."""


class NotRunning(ControlError):
    """Nobody listens where an engine of this mode would."""


class VenueError(ArbError):
    """Something a venue did. `venue`: its name.   `code`: the venue's own, as text.   `cause`: what that means."""

    def __init__(self, venue: str, message: str, code: str = "", cause: Cause = Cause.OTHER) -> None:
        super().__init__(f"{venue}: {message}")
        self.venue = venue
        self.message = message
        self.code = code
        self.cause = cause


class Transient(VenueError):
    """Nothing happened; try again, not before `retry_after_s` seconds where the venue asked for that."""

    def __init__(
        self, venue: str, message: str, retry_after_s: float = 0.0, code: str = "", cause: Cause = Cause.OTHER
    ) -> None:
        super().__init__(venue, message, code, cause)
        self.retry_after_s = retry_after_s


class Rejected(VenueError):
    """Nothing happened and nothing will: the request itself is refused."""


class OutcomeUnknown(VenueError):
    """It may have happened. Ask the venue before any other act."""


class AuthFailed(VenueError):
    """The key, its rights or its signature were refused: stop this venue."""


class ProtocolError(VenueError):
    """We misread the venue. `frame`: the first bytes of what could not be read."""

    def __init__(self, venue: str, message: str, frame: bytes = b"") -> None:
        super().__init__(venue, f"{message} in {frame[:120]!r}" if frame else message)
        self.frame = frame


class SequenceGap(ProtocolError):
    """A message is missing: nothing later can be trusted before a new snapshot."""
