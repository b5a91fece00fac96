#!/usr/bin/env bash
# Installs Debian packages that are missing when root; otherwise says which.
set -euo pipefail

missing=()
for package in "$@"; do
    if [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
        missing+=("$package")
    fi
done
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "This needs ${missing[*]} (Debian's names): install them and run it again." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "This needs ${missing[*]}: run 'sudo apt-get install ${missing[*]}' and then this again." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
