#!/usr/bin/env bash
# Makes stand-ins for the Dockerfile's base images, under their names, where no
# image registry can be reached: a debootstrapped Debian with this machine's Go,
# and one with Debian's Python. They are good for testing the Dockerfile, and for
# nothing else: build real images from the real base images.
set -euo pipefail
cd "$(dirname "$0")/../.."

base() { sed -n "s/^ARG $1=//p" Dockerfile; }
go=$(base GO_IMAGE)
python=$(base PYTHON_IMAGE)
suite=${go##*-}

tools/debian.sh debootstrap podman runc netavark aardvark-dns
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

echo "stand-ins: Debian $suite"
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv "$suite" "$dir/debian" >"$dir/log" ||
    { tail "$dir/log" >&2; exit 1; }
# What this machine trusts, for the registries it reaches.
cp /etc/ssl/certs/ca-certificates.crt "$dir/debian/etc/ssl/certs/"
tar -C "$dir/debian" -c . | podman import --quiet --change CMD=/bin/bash - "$python" >/dev/null

echo "stand-ins: Go $(go env GOVERSION)"
cat >"$dir/Dockerfile" <<END
FROM $python
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null
COPY . /usr/local/go
ENV PATH=/usr/local/go/bin:\$PATH GOTOOLCHAIN=local GOPROXY=$(go env GOPROXY) GOFLAGS=$(go env GOFLAGS)
END
podman build --quiet --network host --tag "$go" --file "$dir/Dockerfile" "$(go env GOROOT)" >/dev/null
