#!/usr/bin/env bash
# Builds the image, pushes it to ECR and, with --restart, has Kubernetes take it.
set -euo pipefail

usage() {
    cat <<'END'
Usage: ./build-and-push.sh [region] [account-id] [--restart] [--repository NAME] [--dry-run]

Builds the image for linux/amd64, tags it `latest` and with the commit (-dirty behind it when the
tree has changes), and pushes both to ECR, whose repository is created when missing.

  region             AWS region (us-east-1)
  account-id         AWS account, 12 digits (that of your credentials)
  --restart          then restart locust-master and locust-worker in the namespace load-testing, which
                     ends a test that is running there, and wait until they are up
  --repository NAME  ECR repository (dynaclaimz/locust)
  --dry-run          only say what would be done
END
}

namespace=load-testing
deployments=(locust-master locust-worker)

bold='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi

fail() { # code, then a sentence a line
    local code=$1
    shift
    printf '%s\n' "$@" | sed "s/^/${red}build-and-push: ${plain}/" >&2
    exit "$code"
}

# What was typed.

region=us-east-1 account='' repository=dynaclaimz/locust restart=no dry=no
problems=() positional=()
while [ $# -gt 0 ]; do
    case $1 in
    --restart) restart=yes ;;
    --dry-run) dry=yes ;;
    --repository=*) repository=${1#*=} ;;
    --repository)
        repository=${2-}
        [ $# -lt 2 ] || shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    -*) problems+=("$1: is no option, see --help") ;;
    *) positional+=("$1") ;;
    esac
    shift
done
[ ${#positional[@]} -lt 1 ] || region=${positional[0]}
[ ${#positional[@]} -lt 2 ] || account=${positional[1]}
[ ${#positional[@]} -lt 3 ] || problems+=("there are at most a region and an account-id (got also \"${positional[2]}\")")
[[ $region =~ ^[a-z]{2}(-[a-z]+)+-[0-9]+$ ]] || problems+=("region: must be like us-east-1 (got \"$region\")")
[ ${#positional[@]} -lt 2 ] || [[ $account =~ ^[0-9]{12}$ ]] || problems+=("account-id: must be 12 digits (got \"$account\")")
[[ $repository =~ ^[a-z0-9]+([._/-][a-z0-9]+)*$ ]] || problems+=("--repository: must be like team/name, in lower case (got \"$repository\")")
[ ${#problems[@]} -eq 0 ] || fail 2 "${problems[@]}"

# What is needed, looked at before anything is done.

tools=(git docker aws)
[ $restart = no ] || tools+=(kubectl)
if [ $dry = no ]; then
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || problems+=("$tool is needed and is not on the PATH: install it")
    done
    [ ${#problems[@]} -eq 0 ] || fail 1 "${problems[@]}"
fi

cd "$(dirname "${BASH_SOURCE[0]}")"
commit=$(git rev-parse --short=12 HEAD) || fail 1 "the image is tagged with the commit: run this in a clone of the repository"
[ -z "$(git status --porcelain)" ] || commit+=-dirty

step=''
say() {
    step=$1
    printf '%s==>%s %s\n' "$bold" "$plain" "$step"
}

# run HINT COMMAND... is the step that was said; HINT says what helps when it fails.
run() {
    local hint=$1
    shift
    if [ $dry = yes ]; then
        printf 'would run: %s\n' "$*"
    else
        "$@" || fail 1 "$step has failed: $hint"
    fi
}

login() {
    aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$registry" >/dev/null
}

create_when_missing() {
    local said
    if said=$(aws ecr describe-repositories --region "$region" --repository-names "$repository" 2>&1 >/dev/null); then
        return
    fi
    if [[ $said != *RepositoryNotFoundException* ]]; then
        fail 1 "$said" "$step has failed: may you call ecr:DescribeRepositories in $region?"
    fi
    say "creating the repository $repository"
    aws ecr create-repository --region "$region" --repository-name "$repository" \
        --image-scanning-configuration scanOnPush=true >/dev/null
}

if [ $restart = yes ]; then
    say "looking for the deployments in $namespace"
    run "is kubectl's context the right cluster, and is deploy/kubernetes applied there?" \
        kubectl --namespace "$namespace" get "${deployments[@]/#/deployment/}"
fi

if [ -z "$account" ]; then
    say "asking AWS for the account"
    if [ $dry = yes ]; then
        run '' aws sts get-caller-identity --query Account --output text
        account=ACCOUNT-ID
    else
        account=$(aws sts get-caller-identity --query Account --output text) || account=''
        [[ $account =~ ^[0-9]{12}$ ]] ||
            fail 1 "$step has failed: log in (\`aws sso login\`, or AWS_PROFILE), or give the account-id"
    fi
fi
registry=$account.dkr.ecr.$region.amazonaws.com
[[ $region != cn-* ]] || registry+=.cn
image=$registry/$repository

say "building $image:$commit"
run "the lines above say why" docker build --platform linux/amd64 --build-arg "REVISION=$commit" \
    --tag "$image:$commit" --tag "$image:latest" .

say "logging in to $registry"
if [ $dry = yes ]; then
    echo "would run: aws ecr get-login-password --region $region | docker login --username AWS --password-stdin $registry"
else
    run "may you call ecr:GetAuthorizationToken in $region?" login
fi

say "looking for the repository $repository"
if [ $dry = yes ]; then
    echo "would run: aws ecr describe-repositories --region $region --repository-names $repository (and create it when missing)"
else
    run "may you call ecr:CreateRepository in $region? Or ask for the repository $repository" create_when_missing
fi

for tag in "$commit" latest; do
    say "pushing $image:$tag"
    run "may you push to $repository? Run it again: layers that are there already are not sent twice" docker push "$image:$tag"
done

if [ $restart = yes ]; then
    say "restarting ${deployments[*]} in $namespace"
    run "the image is pushed; may you patch deployments in $namespace?" \
        kubectl --namespace "$namespace" rollout restart "${deployments[@]/#/deployment/}"
    for deployment in "${deployments[@]}"; do
        run "the image is pushed; \`kubectl --namespace $namespace describe pods\` says what is in the way" \
            kubectl --namespace "$namespace" rollout status "deployment/$deployment" --timeout=5m
    done
fi
[ $dry = yes ] || printf '%s%s:%s is pushed%s\n' "$green" "$image" "$commit" "$plain"
