"""The contracts. Whoever keeps them can be swapped: native, ccxt, paper, a test's fake."""

from arb.interfaces.basics import Clock, Journal, Observer, Sink, Strategy, Tap
from arb.interfaces.private import (
    Answer,
    Call,
    KeyRights,
    ListenKey,
    PrivateCodec,
    PrivateSpec,
    RateHint,
    RatePool,
    Verb,
)
from arb.interfaces.probe import Probe
from arb.interfaces.sides import Lane, MakesMetadata, MarketData, Metadata, Statics, Trading, VenueFactory
from arb.interfaces.wire import Codec, Feed, NativeVenue, Refine, Request, SyncRule, VenueSpec

__all__ = [
    "Clock",
    "Journal",
    "Observer",
    "Sink",
    "Strategy",
    "Tap",
    "Codec",
    "Feed",
    "NativeVenue",
    "Refine",
    "Request",
    "SyncRule",
    "VenueSpec",
    "Answer",
    "Call",
    "KeyRights",
    "ListenKey",
    "PrivateCodec",
    "PrivateSpec",
    "Probe",
    "RateHint",
    "RatePool",
    "Verb",
    "Lane",
    "MakesMetadata",
    "MarketData",
    "Metadata",
    "Statics",
    "Trading",
    "VenueFactory",
]
