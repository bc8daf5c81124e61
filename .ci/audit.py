"""What `make audit` looks at: is every distribution pinned, has one of them a known hole, is a secret in the tree?

Exit code 0 where nothing was found. The service with the known holes is on the internet: where it cannot be reached one
line says so, and the rest still counts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from importlib.metadata import Distribution, distributions
from pathlib import Path

from detect_secrets.core import baseline
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parents[1]
BASELINE = ".secrets.baseline"  # known to be none: test vectors and made-up keys
FEW = 50  # files that are not worth two processes
CURE = "python .ci/audit.py --accept"
SERVICE = "https://pypi.org/pypi/pip/json"
PROBE_S, AUDIT_S = 10.0, 120.0
_TOOLS = frozenset({"pip", "setuptools", "wheel", "arb"})  # the venv's own, and ourselves
_BUILT = re.compile(r"^tests/frames/.*\.json$")  # frames in hex, each of which looks like a key
_PROBE = f"import urllib.request; urllib.request.urlopen({SERVICE!r}, timeout=5)"


def main(accept: bool) -> int:
    if accept:
        os.chdir(ROOT)
        with default_settings():
            baseline.save_to_file(_collected(ROOT, tracked(ROOT)), BASELINE)
        print(f"{BASELINE} now holds what is in the tree: read what has changed in it before you commit it")
        return 0
    wrong = [*unpinned(distributions(), pins((ROOT / "constraints.txt").read_text())), *secrets_in(ROOT, tracked(ROOT))]
    holes, said = known_holes(ROOT / "constraints.txt")
    for line in (*said, *wrong, *holes):
        print(line)
    if wrong or holes:
        return 1
    print("audit: every distribution is pinned, no secret in the tree" + ("" if said else ", no known hole"))
    return 0


# ------------------------------------------------------------------------------------------------- pins


def pins(text: str) -> dict[str, str]:
    """constraints.txt -> version by name, as names are compared."""
    pairs = (line.split("#")[0].strip().partition("==") for line in text.splitlines())
    return {_plain(name): version for name, _, version in pairs if version}


def unpinned(installed: Iterable[Distribution], pinned: Mapping[str, str]) -> Iterator[str]:
    """A line for each distribution of this venv that constraints.txt does not name in this very version."""
    for found in sorted(installed, key=lambda found: found.name):
        name = _plain(found.name)
        if name not in _TOOLS and pinned.get(name) != found.version:
            other = f"pinned to {pinned[name]}" if name in pinned else "not pinned"
            yield f"constraints.txt: {found.name} {found.version} is installed and {other}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# ------------------------------------------------------------------------------------------------- secrets


def tracked(root: Path) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True, text=True).stdout
    return [name for name in listed.split("\0") if name and name != BASELINE and not _BUILT.match(name)]


def secrets_in(root: Path, names: Sequence[str]) -> list[str]:
    """A line for each that is not in the baseline; where, and never what."""
    known = SecretsCollection()
    if (root / BASELINE).exists():
        known = baseline.load(baseline.load_from_file(str(root / BASELINE)), str(root / BASELINE))
    return [
        f"{name}:{secret.line_number}: this looks like a secret ({secret.type}); if it is none: {CURE}"
        for name, secret in _collected(root, names) - known
    ]


def _collected(root: Path, names: Sequence[str]) -> SecretsCollection:
    half = len(names) // 2
    if len(names) <= FEW:
        halves = [_scan(root, names)]
    else:
        with ProcessPoolExecutor(2) as pool:
            halves = list(pool.map(_scan, [root, root], [names[:half], names[half:]]))
    found = SecretsCollection()
    for name, secret in (pair for part in halves for pair in part):
        found[name].add(secret)
    return found


def _scan(root: Path, names: Sequence[str]) -> list[tuple[str, object]]:
    with chdir(root), default_settings():  # a secret is known again by the name of its file
        found = SecretsCollection()
        for name in names:
            found.scan_file(name)
    return list(found)


# ------------------------------------------------------------------------------------------------- known holes


def known_holes(constraints: Path) -> tuple[list[str], list[str]]:
    """(a line for each hole, what else to say)."""
    try:
        reached = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, timeout=PROBE_S).returncode == 0
    except subprocess.TimeoutExpired:
        reached = False
    if not reached:
        return [], ["pip-audit: the service with the known holes cannot be reached: nothing was asked"]
    asked = [sys.executable, "-m", "pip_audit", "-r", str(constraints), "--no-deps", "--disable-pip", "-f", "json"]
    try:
        told = subprocess.run([*asked, "--progress-spinner", "off"], capture_output=True, text=True, timeout=AUDIT_S)
    except subprocess.TimeoutExpired:
        return [], [f"pip-audit: no answer within {AUDIT_S:.0f} s: nothing is known"]
    return read_report(told.stdout, told.stderr)


def read_report(report: str, complaints: str) -> tuple[list[str], list[str]]:
    try:
        checked = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        last = (complaints.strip().splitlines() or ["it said nothing"])[-1]
        return [f"pip-audit has failed: {last[:300]}"], []
    skipped = sum("skip_reason" in entry for entry in checked)
    said = [f"pip-audit: the service could not tell of {skipped} of {len(checked)} distributions"] if skipped else []
    return [
        f"{entry['name']} {entry['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no release'}"
        for entry in checked
        for hole in entry.get("vulns", ())
    ], said


if __name__ == "__main__":
    sys.exit(main("--accept" in sys.argv))
