# Everything a new machine needs is done here; only Python >= 3.11, pip and make are assumed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
ARGS   ?=
FUZZ_S ?= 20

.PHONY: scan test check audit fuzz prove chaos install clean

scan: $(VENV)/.run ## watch two simulated exchanges; make scan ARGS="--duration 5"
	@$(BIN)/arb scan --exchanges mexc,gateio --sim $(ARGS)

test: $(VENV)/.dev ## the whole suite
	$(BIN)/python -m pytest -m "not prove" -n 4 --dist worksteal

check: $(VENV)/.dev ## lint, types, who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/.dev ## is everything pinned, has it known holes, is a secret in the tree
	$(BIN)/python .ci/audit.py

fuzz: $(VENV)/.dev ## hostile input for FUZZ_S seconds a property; make fuzz FUZZ_S=60
	FUZZ_S=$(FUZZ_S) $(BIN)/python -m pytest tests/hostile --timeout 36000

prove: $(VENV)/.dev ## what is too long for the suite; the chaos matrix is part of it
	$(BIN)/python -m pytest -m prove --timeout 3600

chaos: $(VENV)/.dev ## every fault of the matrix, whole, with the table
	$(BIN)/python -m pytest tests/chaos --timeout 3600 -n 2 --dist worksteal

install: $(VENV)/.run

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "arb needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,audit]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .import_linter_cache .hypothesis
