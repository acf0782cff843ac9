#!/bin/sh
# Applies an overlay in its named steps, and waits for each before the next. `kubectl apply -k` of everything at once comes
# to the same: every process waits for what it needs. Step by step, the first thing that is wrong is the last thing said.
set -eu
overlay=${1:?usage: apply.sh OVERLAY}
kubectl=${KUBECTL:-kubectl}
limit=${LIMIT:-10m}
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT
"$kubectl" kustomize "$overlay" >"$rendered"
namespace=$(awk '/^kind: Namespace$/ { found = 1 } found && $1 == "name:" { print $2; exit }' "$rendered")

say() { printf '== %s\n' "$*"; }
apply() { "$kubectl" apply --server-side --force-conflicts --filename="$rendered" --selector="tradewire/step=$1"; }
settled() {
    for workload in $("$kubectl" --namespace="$namespace" get deployments,statefulsets --selector="tradewire/step=$1" --output=name); do
        "$kubectl" --namespace="$namespace" rollout status --timeout="$limit" "$workload"
    done
}

say 1-foundation
apply 1-foundation
say 2-engines
apply 2-engines
settled 2-engines
if grep -q '^kind: Cluster$' "$rendered"; then
    "$kubectl" --namespace="$namespace" wait --for=condition=Ready --timeout="$limit" \
        --selector=tradewire/step=2-engines clusters.postgresql.cnpg.io
fi
say 3-migrate
"$kubectl" --namespace="$namespace" delete job migrate --ignore-not-found
apply 3-migrate
"$kubectl" --namespace="$namespace" wait --for=condition=Complete --timeout="$limit" job/migrate
for step in 4-ledger 5-trading 6-doors 7-around; do
    say "$step"
    apply "$step"
    settled "$step"
done
