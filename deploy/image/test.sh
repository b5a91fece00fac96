#!/usr/bin/env bash
# Builds the real Dockerfile and runs the real Compose file: `make image-test`.
# With Docker's engine and Compose, or else with podman; and with stand-ins for the
# base images where these cannot be pulled. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! docker info >/dev/null 2>&1; then
    tools/debian.sh podman runc netavark aardvark-dns
    export CONTAINERS_CONF=${CONTAINERS_CONF:-$PWD/deploy/image/containers.conf}
    for name in GO_IMAGE PYTHON_IMAGE; do
        image=$(sed -n "s/^ARG $name=//p" Dockerfile)
        if ! podman image exists "$image" && ! podman pull --quiet "$image" 2>/dev/null; then
            echo "no image registry has $image: a stand-in takes its place, for this test only" >&2
            deploy/image/standins.sh
        fi
    done
fi
exec .venv/bin/pytest -q -c deploy/image/pytest.ini deploy/image "$@"
