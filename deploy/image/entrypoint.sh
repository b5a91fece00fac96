#!/bin/sh
# What the image starts. A command runs as it was typed (`locust --master`,
# `swell worker`, `sh`); a verb alone is Swell's (`demo`); options alone are what
# one gives Locust's own image (`--master …`, `--worker --master-host …`).
set -eu

# The image's own locustfile is the payment workload's. One that somebody else has
# named stays.
case " $* " in
*" --workload insurance "* | *" --workload=insurance "*) workload=insurance ;;
*" --workload"*) workload= ;;
*) workload=${SWELL_WORKLOAD-} ;;
esac
if [ "$workload" = insurance ] && [ "${LOCUST_LOCUSTFILE-}" = /app/locustfile.py ]; then
    export LOCUST_LOCUSTFILE=/app/insurance.py
fi

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
