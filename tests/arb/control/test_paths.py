"""The verbs of `arb fastpath`: what is asked is what arrives, and what cannot be meant is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from arb.control import (
    PATHS,
    TURN,
    VERIFIED,
    VERIFY,
    ControlServer,
    PathsReply,
    TurnReply,
    VerifyReply,
    ask,
    path_verbs,
)
from arb.domain import DataPath
from arb.errors import ControlError
from tests.arb.control.fake_paths import ROW, FakePaths


@pytest.mark.parametrize(
    ("verb", "args", "asked", "answered"),
    [
        pytest.param(PATHS, {}, ("rows",), PathsReply((ROW,)), id="what is"),
        pytest.param(
            TURN, {"venue": "mexc", "native": False, "why": "a  b\nc"}, ("turn", "mexc", DataPath.CCXT, "a b c"),
            TurnReply(ROW), id="off, and why in one line",
        ),
        pytest.param(
            TURN, {"venue": "mexc", "native": True}, ("turn", "mexc", DataPath.NATIVE, ""),
            TurnReply(replace(ROW, goal=DataPath.NATIVE)), id="on",
        ),
        pytest.param(
            VERIFY, {"venue": "mexc", "seconds": 5}, ("verify", "mexc", 5.0), VerifyReply(left_s=5.0), id="compare"
        ),
        pytest.param(VERIFIED, {"venue": "mexc"}, ("verified", "mexc"), VerifyReply(left_s=2.0), id="what came of it"),
    ],
)  # fmt: skip
async def test_verbs(tmp_path: Path, verb, args, asked, answered) -> None:
    run = FakePaths()
    control = ControlServer(tmp_path / "s.sock", path_verbs(run))
    await control.start()
    try:
        assert await ask(control.path, verb, **args) == answered
    finally:
        control.close()
    assert run.asked == [asked]


@pytest.mark.parametrize(
    ("verb", "args", "says"),
    [
        pytest.param(TURN, {}, "venue should be a text", id="no venue"),
        pytest.param(TURN, {"venue": 7, "native": True}, "venue should be a text", id="a venue that is none"),
        pytest.param(TURN, {"venue": "mexc", "native": "off"}, "native should be true or false", id="no switch"),
        pytest.param(TURN, {"venue": "mexc", "native": True, "why": 7}, "why should be a text", id="no reason"),
        pytest.param(VERIFY, {"venue": "mexc", "seconds": "5"}, "seconds should be a number", id="a text"),
        pytest.param(VERIFY, {"venue": "mexc", "seconds": True}, "seconds should be a number", id="a truth"),
    ],
)
async def test_what_cannot_be_meant(tmp_path: Path, verb, args, says) -> None:
    run = FakePaths()
    control = ControlServer(tmp_path / "s.sock", path_verbs(run))
    await control.start()
    try:
        with pytest.raises(ControlError, match=says):
            await ask(control.path, verb, **args)
    finally:
        control.close()
    assert run.asked == []
