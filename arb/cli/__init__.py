"""The command line: parses, asks `arb.app`, shows. stdout is data, stderr is logs."""

from arb.cli.entry import main

__all__ = ["main"]
