"""One hierarchy, named for what the caller does next.

ArbError ─ ConfigError                     fix the file or the command; raised before anything connects
         ─ BookUnusable(reason)            do not decide on this book
         ─ TapeError                       the recording cannot be read
         ─ VenueError(venue) ─ Transient        nothing happened; try again later
                             ─ Rejected         nothing happened; do not repeat it as it is
                             ─ OutcomeUnknown   it may have happened: ask the venue before any other act
                             ─ AuthFailed       stop this venue
                             ─ ProtocolError    we misread the venue; carries the frame
                                  ─ SequenceGap a message is missing: resync
"""

from __future__ import annotations


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


class VenueError(ArbError):
    """Something a venue did. `venue`: its name."""

    def __init__(self, venue: str, message: str) -> None:
        super().__init__(f"{venue}: {message}")
        self.venue = venue
        self.message = message


class Transient(VenueError):
    """Nothing happened; try again, not before `retry_after_s` seconds where the venue asked for that."""

    def __init__(self, venue: str, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(venue, message)
        self.retry_after_s = retry_after_s


class Rejected(VenueError):
    """Nothing happened and nothing will: the request itself is refused. `code`: the venue's own, as text."""

    def __init__(self, venue: str, message: str, code: str = "") -> None:
        super().__init__(venue, message)
        self.code = code


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
