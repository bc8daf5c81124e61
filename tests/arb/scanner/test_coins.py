"""What contracts and networks prove of a coin, and what they do not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from arb.domain import Coin, Reason
from arb.scanner.coins import identity, normal, pinned, transfer
from tests.arb.scanner.world import A, B, market, network

NONE = frozenset()


def nets(venue, **contracts):
    return {name: network(venue, name, contract=contract) for name, contract in contracts.items()}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("0xAbC1", "0xabc1", True, id="hexadecimal in either case"),
        pytest.param("0xabc1", "0xabc2", False, id="another hexadecimal"),
        pytest.param("EPjFWdd5", "epjfwdd5", False, id="base58 tells its cases apart"),
        pytest.param(" EPjFWdd5", "EPjFWdd5", True, id="spaces around it"),
        pytest.param("0x2::sui::SUI", "0x00002::sui::SUI", True, id="Move with leading zeros"),
        pytest.param("0x2::sui::SUI", "0x2::sui::Sui", False, id="Move names tell their cases apart"),
        pytest.param("0x0000000000000000", "", True, id="the null address is the native coin"),
        pytest.param("0xEeeeeEeeeEeEeeEe", "", True, id="so is the customary address of only e"),
    ],
)
def test_normal(one, other, same):
    assert (normal(one) == normal(other)) is same


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        pytest.param({"AAA"}, True, id="everywhere"),
        pytest.param({"AAA:a:b"}, True, id="between two venues"),
        pytest.param({"AAA:b:a"}, True, id="in either order"),
        pytest.param({"AAA:a:c", "BBB"}, False, id="other venues and other coins do not count"),
        pytest.param(set(), False, id="no pins"),
    ],
)
def test_pinned(pins, expected):
    assert pinned(frozenset(pins), Coin("AAA"), A, B) is expected


@pytest.mark.parametrize(
    ("buy", "sell", "contracts", "expected"),
    [
        pytest.param({"ERC20": "0xAA"}, {"ERC20": "0xaa"}, ("", ""), True, id="same contract on a common network"),
        pytest.param(
            {"ERC20": "0xaa"}, {"ERC20": "0xbb"}, ("", ""), False, id="different contracts on a common network"
        ),
        pytest.param({"ERC20": "0xaa"}, {"BEP20": "0xbb"}, ("", ""), None, id="no common network, nothing proven"),
        pytest.param({"BTC": ""}, {"BTC": ""}, ("", ""), True, id="both the native coin of a network"),
        pytest.param(
            {"SUI": ""}, {"SUI": "0x2::sui::SUI"}, ("", ""), None, id="native against a contract: a way to write"
        ),
        pytest.param({"ERC20": None}, {"ERC20": "0xaa"}, ("", ""), None, id="a contract not told"),
        pytest.param(
            {"BEP20": "0xcc", "ERC20": "0xaa"},
            {"BEP20": "0xdd", "ERC20": "0xaa"},
            ("", ""),
            True,
            id="one equal contract outweighs another wrapping elsewhere",
        ),
        pytest.param({}, {"ERC20": "0xAA"}, ("0xaa", ""), True, id="a contract without network that the other lists"),
        pytest.param({"ERC20": "0xAA"}, {}, ("", "0xaa"), True, id="the same from the other side"),
        pytest.param({}, {}, ("0xaa", "0xAA"), True, id="both give the same contract without network"),
        pytest.param({}, {"ERC20": "0xbb"}, ("0xaa", ""), None, id="another contract there is no proof of difference"),
        pytest.param({}, {}, ("0xaa", "0xbb"), None, id="two contracts without networks neither"),
        pytest.param(
            {"BEP20": "0xcc"},
            {"BEP20": "0xdd", "ERC20": "0xaa"},
            ("0xaa", ""),
            True,
            id="a listed contract outweighs another wrapping",
        ),
        pytest.param({}, {"ETH": ""}, ("", ""), None, id="a contract not given is not the native coin"),
        pytest.param({}, {}, ("", ""), None, id="nothing known"),
    ],
)
def test_identity(buy, sell, contracts, expected):
    markets = market(A, contract=contracts[0]), market(B, contract=contracts[1])
    check = identity(*markets, nets(A, **buy), nets(B, **sell), NONE, NONE)
    assert check.ok is expected
    assert check.reason is (Reason.IDENTITY_MISMATCH if expected is False else Reason.OK)
    assert check.why


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        pytest.param({"AAA"}, set(), True, id="vouched for against the contracts"),
        pytest.param(set(), {"AAA:a:b"}, False, id="barred"),
        pytest.param({"AAA"}, {"AAA"}, False, id="barred and vouched for: barred"),
    ],
)
def test_pins_come_before_contracts(same, different, expected):
    networks = nets(A, ERC20="0xaa"), nets(B, ERC20="0xbb" if expected else "0xaa")
    check = identity(market(A), market(B), *networks, frozenset(same), frozenset(different))
    assert check.ok is expected
    assert "user" in check.why


OPEN = {"deposit": True, "withdraw": True}


@pytest.mark.parametrize(
    ("buy", "sell", "expected", "why"),
    [
        pytest.param([{}], [{}], True, "ERC20 open from a to b", id="open both ways"),
        pytest.param([{"deposit": False}], [{"withdraw": False}], True, "ERC20", id="only this direction counts"),
        pytest.param([{"withdraw": False}], [{}], False, "withdrawal closed at a", id="withdrawal closed"),
        pytest.param([{}], [{"deposit": False}], False, "deposit closed at b", id="deposit closed"),
        pytest.param([{"withdraw": None}], [{}], None, "ERC20", id="withdrawal not told"),
        pytest.param([{}], [{"deposit": None}], None, "ERC20", id="deposit not told"),
        pytest.param([{"withdraw": None}], [{"deposit": False}], False, "closed", id="one closed end is enough"),
        pytest.param([], [{}], None, "a does not tell", id="a venue that tells no networks"),
        pytest.param([{}], [], None, "b does not tell", id="the other one"),
        pytest.param([{"network": "TRC20"}], [{}], False, "a has TRC20; b has ERC20", id="nothing in common"),
        pytest.param(
            [{"withdraw": False}, {"network": "SOL"}], [{}, {"network": "SOL"}], True, "SOL", id="any open one will do"
        ),
        pytest.param(
            [{"withdraw": False}, {"network": "SOL", "withdraw": None}],
            [{}, {"network": "SOL"}],
            None,
            "SOL",
            id="one closed, one not told",
        ),
        pytest.param(
            [{"contract": "0x1"}], [{"contract": "0x2"}], False, "another contract", id="not the same token there"
        ),
    ],
)
def test_transfer(buy, sell, expected, why):
    networks = [
        {made.network: made for made in (replace(network(venue), **changes) for changes in listed)}
        for venue, listed in ((A, buy), (B, sell))
    ]
    check = transfer(market(A), market(B), *networks, same=False)
    assert check.ok is expected
    assert check.reason is (Reason.NO_COMMON_NETWORK if expected is False else Reason.OK)
    assert why in check.why


def test_transfer_believes_a_user_who_vouches_for_the_coin():
    networks = nets(A, ERC20="0x1"), nets(B, ERC20="0x2")
    assert transfer(market(A), market(B), *networks, same=True).ok is True
