#!/usr/bin/env bash
# Says whether the tests between machines, each in a network namespace, can run here.
set -euo pipefail

if [ "$(id -u)" -ne 0 ]; then
    echo "SKIPPED: the tests between machines, for network namespaces need root"
    exit 0
fi
tools/debian.sh iproute2
if ! said=$(ip netns add swell-probe 2>&1 && ip netns del swell-probe 2>&1); then
    echo "SKIPPED: the tests between machines, for there are no network namespaces here ($said)"
fi
