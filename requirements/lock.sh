#!/bin/sh
# Re-locks the dependencies: universal, with hashes, without index addresses.
set -eu
cd "$(dirname "$0")/.."
OWN="tradewire tradewire-cli tradewire-ingest tradewire-ledger tradewire-risk tradewire-router"
OMIT=""
for name in $OWN; do OMIT="$OMIT --no-emit-package $name"; done
COMPILE="uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $*"
# What the image runs on: every service with every broker's client library and the export of traces, and no tool that tests or builds.
# shellcheck disable=SC2086
$COMPILE $OMIT pyproject.toml libs/pyproject.toml services/router/pyproject.toml --all-extras -o requirements/runtime.lock
# What makes wheels of the members, in a stage of the image that is left behind.
# shellcheck disable=SC2086
$COMPILE --group pyproject.toml:build -o requirements/build.lock
# shellcheck disable=SC2086
$COMPILE $OMIT pyproject.toml --group dev -c requirements/runtime.lock -c requirements/build.lock -o requirements/dev.lock
# The brokers' own client libraries and what the twins serve them with: enough for an environment of their own.
# shellcheck disable=SC2086
$COMPILE --group pyproject.toml:brokers -c requirements/dev.lock -o requirements/brokers.lock
# What lists and audits the locks, in an environment of its own.
# shellcheck disable=SC2086
$COMPILE --group pyproject.toml:supply -o requirements/supply.lock
# What exports traces, for whoever has a collector.
# shellcheck disable=SC2086
$COMPILE --group pyproject.toml:traces -c requirements/runtime.lock -c requirements/dev.lock -o requirements/traces.lock
# The demo reads the package's CSV files only, so what its code would import stays out.
echo "bokeh-sampledata" | $COMPILE --no-deps - -o requirements/demo.lock
