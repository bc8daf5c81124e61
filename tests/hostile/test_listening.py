"""Every server of ours, started as it is by default: nobody beyond this machine can reach one."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import AsyncExitStack
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from arb.clock import SystemClock
from arb.control import ControlServer
from arb.sim import SimExchanges
from tests.conftest import ROOT

LISTEN = "0A"  # the state, in /proc/net/tcp
pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux who listens")


def listening() -> dict[str, IPv4Address | IPv6Address]:
    """Where this process listens for TCP, by the inode of the socket."""
    ours = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(entry))
        except OSError:  # the descriptor that lists the folder is gone by now
            continue
        if found:
            ours.add(found[1])
    bound = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN and fields[9] in ours:
                bound[fields[9]] = address_of(fields[1].partition(":")[0])
    return bound


def address_of(text: str) -> IPv4Address | IPv6Address:
    """As /proc writes it: hexadecimal, each four bytes in the machine's order."""
    raw = bytes.fromhex(text)
    return ip_address(b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4)))


async def test_the_witness_sees_who_listens_to_everybody() -> None:
    before = listening()
    server = await asyncio.start_server(lambda _r, _w: None, "0.0.0.0", 0)
    new = {inode: address for inode, address in listening().items() if inode not in before}
    server.close()
    assert [address.is_loopback for address in new.values()] == [False]


async def test_nothing_listens_beyond_this_machine(tmp_path: Path) -> None:
    before = listening()
    async with AsyncExitStack() as stack:
        sim = SimExchanges(SystemClock(), symbols=1)
        stack.push_async_callback(sim.stop)
        await sim.start(drive=False)
        control = ControlServer(tmp_path / "run" / "paper.sock", {})
        stack.callback(control.close)
        await control.start()
        await stack.enter_async_context(import_module("arb.bench.order")._serving(b""))
        new = {inode: address for inode, address in listening().items() if inode not in before}
        assert len(new) == len(sim.urls) + 1  # the control socket is a file
        assert all(address.is_loopback for address in new.values()), new
    await asyncio.sleep(0.05)
    assert listening().keys() <= before.keys()


def test_whatever_listens_is_started_above() -> None:
    """A server that is added one day must be added here too."""
    opens = re.compile(
        r"create_(?:unix_)?server\(|start_(?:unix_)?server\(|TCPSite\(|UnixSite\(|\.bind\(\(|\.listen\(\d*\)"
    )
    found = {
        str(path.relative_to(ROOT)): [" ".join(call[:120].split()) for call in opens.split(path.read_text())[1:]]
        for package in ("arb", "adapters", "fastpath")
        for path in (ROOT / package).rglob("*.py")
    }
    known = {
        "arb/sim/site.py": "host, port",  # SimExchanges says where: 127.0.0.1, and no command can say otherwise
        "arb/control/server.py": "str(self.path)",  # a file, not an address
        "arb/bench/order.py": '"127.0.0.1", 0',
        "arb/bench/order_socket.py": '"127.0.0.1", 0',
        "arb/bench/wire/player.py": '"127.0.0.1", 0',
        "arb/bench/tried/answers.py": '"127.0.0.1", 0',
        "arb/bench/soak/player.py": '"127.0.0.1", 0',
        "arb/sim/relay.py": "self._host, port",  # of the simulated exchange that it stands before
    }
    assert {path for path, lines in found.items() if lines} == known.keys()
    for path, must in known.items():
        assert all(must in line for line in found[path]), found[path]
