"""What `arb bench` runs: every figure with its rival in the same run, medians over interleaved rounds."""

from arb.bench.decode import decode
from arb.bench.machine import Machine, machine
from arb.bench.show import lines

__all__ = ["Machine", "decode", "lines", "machine"]
