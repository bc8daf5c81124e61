"""Every private codec against answers and pushes that were good once. What is at stake here is money, not a picture."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import note
from hypothesis import strategies as st

from arb.errors import OutcomeUnknown, ProtocolError, VenueError
from arb.interfaces import Answer
from tests.contract.test_private_codecs import CALLS, NAMES, RECV_NS, check, codec_of
from tests.hostile.fuzzing import fuzz, outcome
from tests.hostile.mutation import Step, spoiled, steps
from tests.hostile.seeds import private_bodies, private_frames

every_codec = pytest.mark.parametrize("name", NAMES)


@fuzz(120, which=st.integers(0, 1 << 16), about=st.sampled_from(CALLS), doing=steps)
def test_a_spoiled_answer_is_our_error_or_good_events(which: int, about: tuple[str, Any], doing: list[Step]) -> None:
    name, call = about
    good = private_bodies(name)
    body = spoiled(good[which % len(good)], doing)
    note(f"{call!r} {body[:2_000]!r}")
    answer, error = outcome(VenueError, lambda: codec_of(name).decode_answer(call, body, RECV_NS))
    assert not (call.verb.changes and isinstance(error, ProtocolError)), "an order would count as refused"
    assert len(str(error)) < 1_000
    for event in answer.events if answer is not None else ():
        check(event, name)


@fuzz(80, which=st.integers(0, 1 << 16), about=st.sampled_from(CALLS), status=st.integers(300, 600), doing=steps)
def test_a_spoiled_refusal_never_hides_what_may_have_happened(
    which: int, about: tuple[str, Any], status: int, doing: list[Step]
) -> None:
    name, call = about
    good = private_bodies(name)
    error = codec_of(name).decode_error(call, status, spoiled(good[which % len(good)], doing))
    assert isinstance(error, VenueError)
    assert isinstance(error, OutcomeUnknown) or not (call.verb.changes and status >= 500)


@every_codec
@fuzz(80, which=st.integers(0, 1 << 16), doing=steps)
def test_a_spoiled_push_is_our_error_or_good_events(name: str, which: int, doing: list[Step]) -> None:
    good = private_frames(name)
    frame = spoiled(good[which % len(good)], doing)
    note(f"{frame[:2_000]!r}")
    codec = codec_of(name)
    found, error = outcome(VenueError, lambda: codec.decode(frame, RECV_NS, 7))
    assert len(str(error)) < 1_000
    for event in found or ():
        if isinstance(event, Answer):
            assert event.error is None or isinstance(event.error, VenueError)
        for inner in event.events if isinstance(event, Answer) else (event,):
            check(inner, name)


@every_codec
def test_the_seeds_are_good(name: str) -> None:
    """Spoiling nonsense would prove little: some of the frames mean something to this codec."""
    read = 0
    for frame in private_frames(name):
        try:
            read += bool(codec_of(name).decode(frame, RECV_NS, 7))
        except VenueError:
            continue
    assert read >= 2
