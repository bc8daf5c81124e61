"""Exceptions of this package's own tasks, told in our words."""

from __future__ import annotations

from arb.domain import VenueId
from arb.errors import VenueError
from arb.exhausted import survive


def told(venue: VenueId, failure: Exception) -> VenueError:
    """What is ours stays as it is; a bug is wrapped, with its traceback as the cause."""
    survive(failure)
    if isinstance(failure, VenueError):
        return failure
    error = VenueError(venue, repr(failure))
    error.__cause__ = failure
    return error
