# Tradewire: every target sets itself up; `make` prints them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BROKERS := .venv-brokers
MEMBERS := libs services/ingest services/risk services/router services/ledger services/cli
.DEFAULT_GOAL := help
.PHONY: help setup demo up test check format bench chaos prove lock clean

help: ## print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make the environment (.venv) from the locks, with hashes verified

$(STAMP): requirements/dev.lock requirements/demo.lock requirements/brokers.lock requirements/traces.lock pyproject.toml libs/pyproject.toml $(wildcard services/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "Setting up .venv (once; about a minute)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/demo.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/brokers.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/traces.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		$(foreach member,$(MEMBERS),-e $(member))
	@touch $@

demo: $(STAMP) ## replay thirteen years of real prices through a strategy and show what became of its signals
	@$(BIN)/tradewire demo

up: $(STAMP) ## start everything on this machine; Ctrl-C stops it
	@$(BIN)/tradewire up

test: $(STAMP) ## run the tests (ARGS=... goes to pytest)
	@$(BIN)/python -m pytest tests $(ARGS)

check: $(STAMP) ## formatter, linter, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP) ## measure against the floors, side by side (ARGS=... goes to the benchmark)
	@$(BIN)/python -m bench $(ARGS)

chaos: $(STAMP) ## the fault matrix in its long form (ARGS=... goes to the runner)
	@$(BIN)/python -m tests.chaos $(ARGS)

$(BROKERS)/.installed: requirements/brokers.lock
	@test -x $(BROKERS)/bin/python || $(PYTHON) -m venv $(BROKERS)
	@$(BROKERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/brokers.lock
	@touch $@

prove: $(BROKERS)/.installed ## the brokers' twins against the brokers' own clients, in an environment without this product
	@$(BROKERS)/bin/python -W ignore::DeprecationWarning -m tests.twins.alpaca.prove

lock: $(STAMP) ## lock the dependencies again (ARGS=--upgrade for newer ones)
	@PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh $(ARGS)

clean: ## remove the environment and caches; data stays
	rm -rf $(VENV) $(BROKERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
