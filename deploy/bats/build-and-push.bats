#!/usr/bin/env bats
# build-and-push.sh with stand-ins for aws, docker and kubectl: each call's line is
# recorded, and any of them can be made to fail.

setup() {
    work=$BATS_TEST_TMPDIR
    mkdir "$work/bin" "$work/repo"
    export CALLS=$work/calls
    : >"$CALLS"
    for tool in aws docker kubectl; do
        cat >"$work/bin/$tool" <<'END'
#!/bin/bash
line="$(basename "$0") $*"
echo "$line" >>"$CALLS"
[ "$1" != login ] || echo "password: $(cat)" >>"$CALLS"
if [ -n "${FAIL:-}" ] && [[ $line == $FAIL* ]]; then
    echo "${SAYS:-no}" >&2
    exit 1
fi
case $line in
"aws sts "*) echo "${ACCOUNT:-123456789012}" ;;
"aws ecr get-login-password "*) echo hush ;;
esac
END
        chmod +x "$work/bin/$tool"
    done
    export PATH=$work/bin:$PATH
    cp "$BATS_TEST_DIRNAME/../../build-and-push.sh" "$work/repo/"
    cd "$work/repo"
    git init -q .
    git -c user.name=t -c user.email=t@t add .
    git -c user.name=t -c user.email=t@t commit -qm one
    commit=$(git rev-parse --short=12 HEAD)
    image=123456789012.dkr.ecr.us-east-1.amazonaws.com/dynaclaimz/locust
    kube='kubectl --namespace load-testing'
}

calls() { diff <(printf '%s\n' "$@") "$CALLS"; }

pushes() { # IMAGE REGION COMMIT
    local registry=${1%%/*} repository=${1#*/}
    printf '%s\n' \
        "docker build --platform linux/amd64 --build-arg REVISION=$3 --tag $1:$3 --tag $1:latest ." \
        "aws ecr get-login-password --region $2" \
        "docker login --username AWS --password-stdin $registry" \
        "password: hush" \
        "aws ecr describe-repositories --region $2 --repository-names $repository" \
        "docker push $1:$3" \
        "docker push $1:latest"
}

# The two ends of the login's pipe start in any order.
sorted_calls() { diff <(printf '%s\n' "$@" | sort) <(sort "$CALLS"); }

@test "without arguments: us-east-1, the account of the credentials, both tags" {
    run ./build-and-push.sh
    [ "$status" -eq 0 ]
    sorted_calls "aws sts get-caller-identity --query Account --output text" "$(pushes "$image" us-east-1 "$commit")"
    [[ ${lines[-1]} == "$image:$commit is pushed" ]]
}

@test "region and account-id as given; AWS is not asked for the account" {
    run ./build-and-push.sh eu-central-1 999999999999
    [ "$status" -eq 0 ]
    sorted_calls "$(pushes 999999999999.dkr.ecr.eu-central-1.amazonaws.com/dynaclaimz/locust eu-central-1 "$commit")"
}

@test "options may stand anywhere; China has a domain of its own" {
    run ./build-and-push.sh --repository team/load cn-north-1 999999999999
    [ "$status" -eq 0 ]
    sorted_calls "$(pushes 999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn/team/load cn-north-1 "$commit")"
}

@test "the steps come in their order: account, build, login, repository, pushes" {
    run ./build-and-push.sh
    diff <(printf '%s\n' "aws sts" "docker build" "aws ecr describe-repositories" "docker push" "docker push") \
        <(grep -v -e login -e password "$CALLS" | sed -E 's/^((aws ecr|[a-z]+) [a-z-]+).*/\1/')
}

@test "a dirty tree is said in the tag" {
    echo change >new
    run ./build-and-push.sh us-east-1 123456789012
    [ "$status" -eq 0 ]
    sorted_calls "$(pushes "$image" us-east-1 "$commit-dirty")"
}

@test "a repository that is missing is created" {
    FAIL="aws ecr describe-repositories" SAYS="An error occurred (RepositoryNotFoundException)" run ./build-and-push.sh
    [ "$status" -eq 0 ]
    grep -qx "aws ecr create-repository --region us-east-1 --repository-name dynaclaimz/locust --image-scanning-configuration scanOnPush=true" "$CALLS"
    grep -qx "docker push $image:latest" "$CALLS"
}

@test "--restart looks for the deployments first, and waits for them at the end" {
    run ./build-and-push.sh us-east-1 123456789012 --restart
    [ "$status" -eq 0 ]
    diff <(printf '%s\n' "$kube get deployment/locust-master deployment/locust-worker") <(head -1 "$CALLS")
    diff <(printf '%s\n' \
        "$kube rollout restart deployment/locust-master deployment/locust-worker" \
        "$kube rollout status deployment/locust-master --timeout=5m" \
        "$kube rollout status deployment/locust-worker --timeout=5m") <(tail -3 "$CALLS")
}

@test "without --restart kubectl is neither called nor needed" {
    rm "$work/bin/kubectl"
    run ./build-and-push.sh
    [ "$status" -eq 0 ]
    ! grep -q kubectl "$CALLS"
}

fails() { # STEP HINT [ARGUMENT...]: the step's failure ends it, with a sentence that has the hint
    export FAIL=$1
    local hint=$2
    shift 2
    run ./build-and-push.sh "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"build-and-push: "*" has failed: "*"$hint"* ]]
    [[ ${lines[-1]} != *" is pushed" ]]
    # Nothing comes after the step that failed.
    [[ $(tail -1 "$CALLS") == "$FAIL"* ]] || [ "$FAIL" = "aws ecr get-login-password" ] || [ "$FAIL" = "docker login" ]
}

@test "no account: log in, or give it" { fails "aws sts" "give the account-id"; }
@test "an account that is none" {
    ACCOUNT=None run ./build-and-push.sh
    [ "$status" -eq 1 ]
    [[ $output == *"give the account-id"* ]]
    ! grep -q docker "$CALLS"
}
@test "the build fails" { fails "docker build" "the lines above say why"; }
@test "no password" {
    fails "aws ecr get-login-password" "ecr:GetAuthorizationToken"
    ! grep -q push "$CALLS"
}
@test "the login fails" {
    fails "docker login" "ecr:GetAuthorizationToken"
    ! grep -q push "$CALLS"
}
@test "the repository cannot be looked for: what AWS said is passed on" {
    SAYS="AccessDeniedException: not you" fails "aws ecr describe-repositories" "ecr:DescribeRepositories"
    [[ $output == *"AccessDeniedException: not you"* ]]
}
@test "the repository cannot be created" {
    cat >"$work/bin/aws" <<'END'
#!/bin/bash
echo "aws $*" >>"$CALLS"
case "$*" in
"ecr describe"*) echo RepositoryNotFoundException >&2; exit 1 ;;
"ecr create"*) exit 1 ;;
esac
END
    fails "aws ecr create-repository" "ecr:CreateRepository" us-east-1 123456789012
}
@test "the push of the commit fails" { fails "docker push" "may you push to dynaclaimz/locust?"; }
@test "the push of latest fails" { fails "docker push $image:latest" "may you push to dynaclaimz/locust?"; }
@test "the deployments are not there: nothing is built" {
    fails "$kube get" "is deploy/kubernetes applied there?" --restart
    ! grep -q docker "$CALLS"
}
@test "the restart fails" { fails "$kube rollout restart" "may you patch deployments" --restart; }
@test "the master does not come up" { fails "$kube rollout status deployment/locust-master" "describe pods" --restart; }
@test "the workers do not come up" { fails "$kube rollout status deployment/locust-worker" "describe pods" --restart; }

@test "all that is missing on the PATH is named at once" {
    for tool in bash git dirname sed; do ln -s "$(command -v $tool)" "$work/bin/"; done
    rm "$work/bin/aws" "$work/bin/kubectl"
    PATH=$work/bin run "$BASH" ./build-and-push.sh --restart
    [ "$status" -eq 1 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == *"aws is needed"* && ${lines[1]} == *"kubectl is needed"* ]]
    [ ! -s "$CALLS" ]
}

@test "all bad input is named at once, with exit code 2" {
    run ./build-and-push.sh Frankfurt 12 third --restrat --repository UPPER
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 5 ]
    for part in '--restrat: is no option' 'got also "third"' 'region: must be like us-east-1 (got "Frankfurt")' \
        'account-id: must be 12 digits (got "12")' '--repository: must be like team/name, in lower case (got "UPPER")'; do
        [[ $output == *"$part"* ]]
    done
    [ ! -s "$CALLS" ]
}

@test "--repository without a name is bad input" {
    run ./build-and-push.sh --repository
    [ "$status" -eq 2 ]
    [[ $output == *'--repository: must be'*'(got "")'* ]]
}

@test "outside of a clone it says so" {
    rm -rf .git
    GIT_CEILING_DIRECTORIES=$work run ./build-and-push.sh
    [ "$status" -eq 1 ]
    [[ $output == *"run this in a clone of the repository"* ]]
    [ ! -s "$CALLS" ]
}

@test "--dry-run says each step and calls nothing" {
    run ./build-and-push.sh --dry-run --restart
    [ "$status" -eq 0 ]
    [ ! -s "$CALLS" ]
    [ "$(grep -c '^would run: ' <<<"$output")" -eq 10 ]
    [[ $output == *"would run: docker push ACCOUNT-ID.dkr.ecr.us-east-1.amazonaws.com/dynaclaimz/locust:$commit"* ]]
    [[ ${lines[-1]} != *" is pushed" ]]
}

@test "--dry-run needs none of the tools" {
    rm "$work"/bin/{aws,kubectl,docker}
    run ./build-and-push.sh --dry-run --restart
    [ "$status" -eq 0 ]
}

@test "--help tells the options" {
    run ./build-and-push.sh --help
    [ "$status" -eq 0 ]
    [[ $output == *"[region] [account-id] [--restart]"* ]]
}

@test "plain in a pipe" {
    run ./build-and-push.sh
    [[ $output != *$'\e'* ]]
}

@test "colours on a terminal, but not with NO_COLOR" {
    run script --quiet --return --command ./build-and-push.sh /dev/null
    [ "$status" -eq 0 ]
    [[ $output == *$'\e[32m'*" is pushed"* ]]
    NO_COLOR=1 run script --quiet --return --command ./build-and-push.sh /dev/null
    [[ $output == *" is pushed"* && $output != *$'\e'* ]]
}

@test "the password is in no line" {
    run ./build-and-push.sh
    [[ $output != *hush* ]]
}
