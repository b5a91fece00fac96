#!/usr/bin/env bats
# What the image's entrypoint starts.

setup() {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in locust swell; do
        printf '#!/bin/sh\necho "%s: $*"\n' "$tool" >"$BATS_TEST_TMPDIR/bin/$tool"
        chmod +x "$BATS_TEST_TMPDIR/bin/$tool"
    done
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH
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
