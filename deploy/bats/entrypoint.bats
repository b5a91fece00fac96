#!/usr/bin/env bats
# What the image's entrypoint starts.

setup() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in locust swell; do
        printf '#!/bin/sh\necho "%s: $*"\necho "$LOCUST_LOCUSTFILE" >"%s"\n' "$tool" "$BATS_TEST_TMPDIR/locustfile" >"$BATS_TEST_TMPDIR/bin/$tool"
        chmod +x "$BATS_TEST_TMPDIR/bin/$tool"
    done
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH
    LOCUST_LOCUSTFILE=$(sed -n 's/^ *LOCUST_LOCUSTFILE=\([^ ]*\).*/\1/p' "$BATS_TEST_DIRNAME/../../Dockerfile")
    export LOCUST_LOCUSTFILE
    unset SWELL_WORKLOAD
}

starts() { # WHAT ARGUMENT...
    local what=$1
    shift
    run "$BATS_TEST_DIRNAME/../image/entrypoint.sh" "$@"
    echo "$output"
    [ "$status" -eq 0 ] && [ "$output" = "$what" ]
}

@test "a command as it was typed" {
    starts "swell: run" swell run
    starts "locust: -f x.py --master" locust -f x.py --master
    starts "hello" echo hello
}
@test "a verb is Swell's" { starts "swell: demo --headless" demo --headless; }
@test "a word that is no command is Swell's to refuse" { starts "swell: nonsense" nonsense; }
@test "options with --master are a stock Locust's" {
    starts "locust: --master --expect-workers 2" --master --expect-workers 2
    starts "locust: --locustfile a b.py --master" --locustfile "a b.py" --master
}
@test "other options are the worker's" { starts "swell: --worker --master-host m" --worker --master-host m; }
@test "nothing is a worker" { starts "swell: "; }

locustfile() { # FILE ARGUMENT...: what starts finds this file named
    local file=$1
    shift
    run "$BATS_TEST_DIRNAME/../image/entrypoint.sh" "$@"
    diff <(echo "$file") "$BATS_TEST_TMPDIR/locustfile"
}

@test "the locustfile is the payment workload's, if nothing is said" {
    locustfile /app/locustfile.py swell run
    locustfile /app/locustfile.py demo
    locustfile /app/locustfile.py demo --workload payment
}
@test "the insurance workload has its own" {
    locustfile /app/insurance.py demo --workload insurance
    locustfile /app/insurance.py swell demo --workload=insurance --headless
    SWELL_WORKLOAD=insurance locustfile /app/insurance.py demo
    SWELL_WORKLOAD=insurance locustfile /app/insurance.py swell run
    SWELL_WORKLOAD=insurance locustfile /app/insurance.py --master
}
@test "the flag is stronger than the variable" {
    SWELL_WORKLOAD=insurance locustfile /app/locustfile.py demo --workload payment
}
@test "a locustfile that somebody named stays" {
    LOCUST_LOCUSTFILE=/mine.py locustfile /mine.py demo --workload insurance
}
