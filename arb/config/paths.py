"""The part of the configuration that says when a venue's native path is no longer trusted, and when again."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, FiniteFloat

from arb.config.base import Model

Seconds = Annotated[FiniteFloat, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class FastpathConfig(Model):
    """What native may get wrong within `window_s` before its venue's market data goes on through ccxt.

    max_errors: messages that nobody could read.   max_gaps: holes and crossed books, over all books of the venue, each
    in a book that had one within the same time.
    max_mismatches: books that an audit found wrong.   One more than that is too much.
    clean_s: so long native must run in the shadow without any of these, and agree with ccxt, before it decides again;
    twice as long after each demotion that follows soon upon a return.
    auto: False leaves it to `arb fastpath on|off`.
    """

    auto: bool = True
    window_s: Seconds = 60.0
    max_errors: Count = 10
    max_gaps: Count = 20
    max_mismatches: Count = 3
    clean_s: Seconds = 120.0
