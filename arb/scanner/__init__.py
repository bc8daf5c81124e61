"""Finds gaps between venues, asks every question that makes one an opportunity, and remembers the answers."""

from arb.scanner.funnel import Stage
from arb.scanner.scanner import Scanner
from arb.scanner.settings import ScanSettings
from arb.scanner.tracked import Ladder, TrackedBook

__all__ = ["Ladder", "ScanSettings", "Scanner", "Stage", "TrackedBook"]
