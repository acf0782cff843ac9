#!/bin/sh
# Loads an image of this machine into its kind or k3s cluster, so that nothing has to be pulled.
set -eu
image=${1:?usage: load.sh IMAGE}
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT
if command -v docker >/dev/null && docker image inspect "$image" >/dev/null 2>&1; then
    docker save --output "$archive" "$image"
fi
# Saved by these, it would be called localhost/…, under which no pod asks for it.
for engine in podman buildah; do
    if ! [ -s "$archive" ] && command -v "$engine" >/dev/null && [ -n "$("$engine" images --quiet "$image" 2>/dev/null)" ]; then
        rm -f "$archive"
        "$engine" push --quiet "$image" "docker-archive:$archive:$image"
    fi
done
if ! [ -s "$archive" ]; then
    echo "k8s-load: neither docker, podman nor buildah has the image $image: run make image" >&2
    exit 2
fi
if command -v kind >/dev/null && [ -n "$(kind get clusters 2>/dev/null)" ]; then
    kind load image-archive "$archive" --name "${KIND_CLUSTER:-kind}"
elif command -v k3s >/dev/null; then
    # Only root may add to its images; the image itself is whoever's who built it.
    if [ "$(id -u)" = 0 ]; then k3s ctr images import "$archive"; else sudo k3s ctr images import "$archive"; fi
else
    echo "k8s-load: there is neither a kind cluster nor k3s on this machine" >&2
    exit 2
fi
