#!/bin/sh
# What the image starts. A command runs as it was typed (`locust --master`,
# `swell worker`, `sh`); a verb alone is Swell's (`demo`); options alone are what
# one gives Locust's own image (`--master …`, `--worker --master-host …`).
set -eu

case ${1-} in
-*)
    for option in "$@"; do
        [ "$option" != --master ] || exec locust "$@"
    done
    ;;
*)
    ! command -v -- "${1-}" >/dev/null || exec "$@"
    ;;
esac
exec swell "$@"
