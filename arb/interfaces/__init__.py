"""The contracts. Whoever keeps them can be swapped: native, ccxt, paper, a test's fake."""

from arb.interfaces.basics import Clock, Journal, Observer, Sink, Strategy, Tap
from arb.interfaces.private import Answer, Call, ListenKey, PrivateCodec, PrivateSpec, RateHint, Verb
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
    "ListenKey",
    "PrivateCodec",
    "PrivateSpec",
    "RateHint",
    "Verb",
    "Lane",
    "MakesMetadata",
    "MarketData",
    "Metadata",
    "Statics",
    "Trading",
    "VenueFactory",
]
