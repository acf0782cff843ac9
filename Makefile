# Tradewire: every target sets itself up; `make` prints them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BROKERS := .venv-brokers
SUPPLY := .venv-supply
ENGINE ?= $(firstword $(foreach engine,docker podman buildah,$(shell command -v $(engine) >/dev/null 2>&1 && $(engine) info >/dev/null 2>&1 && echo $(engine))))
BASE ?= docker.io/library/python:3.11-slim
IMAGE ?= tradewire:latest
MEMBERS := libs services/ingest services/risk services/router services/ledger services/cli
.DEFAULT_GOAL := help
KUBECTL ?= kubectl
OVERLAY ?= dev
NAMESPACE ?= tradewire
.PHONY: help setup demo up test check format bench chaos prove image image-test sbom audit lock clean k8s-load k8s-secrets k8s-apply

help: ## print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

k8s-load: ## load the image into the kind or k3s cluster of this machine (IMAGE=tradewire:latest)
	@deploy/k8s/load.sh $(IMAGE)

k8s-secrets: $(STAMP) ## make the cluster's secrets that are missing, and say which (ARGS="--strategy momo", "--renew NAME")
	@sed 's/^  name: tradewire$$/  name: $(NAMESPACE)/' deploy/k8s/base/foundation/namespace.yaml | $(KUBECTL) apply --filename=-
	@$(BIN)/python -m tradewire_cli.k8s.secrets --namespace $(NAMESPACE) --kubectl $(KUBECTL) $(ARGS)

k8s-apply: ## apply an overlay step by step, waiting for each (OVERLAY=dev or production)
	@KUBECTL=$(KUBECTL) deploy/k8s/apply.sh deploy/k8s/overlays/$(OVERLAY)

image: ## build the image with docker, podman or buildah (ENGINE=, BASE= and IMAGE= choose; ARGS=... goes to the engine)
	@test -n "$(ENGINE)" || { echo "make image: neither docker, podman nor buildah answers here: start or install one"; exit 2; }
	@$(ENGINE) build -t $(IMAGE) --build-arg BASE=$(BASE) --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg CREATED=$$(git log -1 --format=%cI) $(ARGS) .

image-test: $(STAMP) ## build the image from a base made here, and show in containers what it promises (as root)
	@$(BIN)/python -m tests.deploy.image $(ARGS)

$(SUPPLY)/.installed: requirements/supply.lock
	@test -x $(SUPPLY)/bin/python || $(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/supply.lock
	@touch $@

dist/image.lock: $(SUPPLY)/.installed requirements/only.py requirements/runtime.lock requirements/demo.lock
	@mkdir -p dist
	@$(SUPPLY)/bin/python requirements/only.py requirements/runtime.lock requirements/demo.lock > $@

sbom: dist/image.lock ## list what the image installs, from its locks, as CycloneDX (dist/tradewire.cdx.json)
	@PYTHONWARNINGS=ignore $(SUPPLY)/bin/cyclonedx-py requirements --pyproject services/cli/pyproject.toml --output-reproducible --of JSON \
		-o dist/tradewire.cdx.json dist/image.lock
	@echo "dist/tradewire.cdx.json: $$(grep -c '==' dist/image.lock) packages"

audit: dist/image.lock ## ask the databases of advisories about what the image installs (77: none is reachable)
	@$(SUPPLY)/bin/python requirements/audit.py dist/image.lock

lock: $(STAMP) ## lock the dependencies again (ARGS=--upgrade for newer ones)
	@PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh $(ARGS)

clean: ## remove the environment and caches; data stays
	rm -rf $(VENV) $(BROKERS) $(SUPPLY) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
