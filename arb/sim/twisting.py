"""What a venue says, in words that nobody has heard of yet: JSON, whoever speaks it. Pure."""

from __future__ import annotations

import re

_OBJECT = re.compile(rb'\{(?=")')
_UNHEARD = b'{"unheard_of":{},"more":[1,"2",null],'
_WORDS = (  # a state, as some venue names the field -> a state that is new
    (re.compile(rb'"status":"(?:open|closed|cancelled|NEW|FILLED|PARTIALLY_\w+|CANCELED)"'), b'"status":"REVIEWING"'),
    (re.compile(rb'"status":"[123]"'), b'"status":"7"'),
    (re.compile(rb'"trade_status":"\w+"'), b'"trade_status":"auction"'),
    (re.compile(rb'"finish_as":"\w+"'), b'"finish_as":"settled"'),
    (re.compile(rb'"event":"(?:put|finish)"'), b'"event":"settle"'),
)
_CHANNEL = re.compile(rb'"channel":"(spot\.[a-z_]+)"')


def with_unknown_fields(payload: bytes) -> bytes:
    """In every object that is not empty."""
    return _OBJECT.sub(_UNHEARD, payload)


def with_new_words(payload: bytes) -> bytes:
    for known, new in _WORDS:
        payload = known.sub(new, payload)
    return payload


def renamed(payload: bytes) -> bytes:
    return _CHANNEL.sub(rb'"channel":"\1_v9"', payload)
