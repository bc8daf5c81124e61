"""Exit codes, as `arb --help` documents them."""

OK = 0
ERROR = 1
USAGE = 2
CONFIG = 4
UNREACHABLE = 5
NOTHING_FOUND = 6
RISK_LIMIT = 7
RESIDUAL = 8
MISMATCH = 9
INTERRUPTED = 130
