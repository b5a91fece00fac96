# `make help` lists what there is. Everything a target needs it installs itself:
# Python packages in .venv, Debian packages when root (else it says which).

SHELL := /bin/bash
PYTHON ?= python3
GO     ?= go
VENV   := .venv
TOOL   := $(GO) tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help build venv demo test prepared lint unit e2e e2e-goczmq browser-test api-test deploy-test image-test fuzz bench bench-workers locustfile plots clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/swell
	$(GO) build -o bin/swell .

venv: $(VENV)/.stamp ## make .venv with Locust and what the tests need

# Locust alone is a sixth of it, and all that a demo needs. The rest is built upon
# it, so that there is one pip at a time.
$(VENV)/.locust: locust/requirements.txt
	tools/venv.sh $(PYTHON) $(VENV) locust/requirements.txt
	touch $@

$(VENV)/.stamp: $(VENV)/.locust locust/requirements-dev.txt
	tools/venv.sh $(PYTHON) $(VENV) locust/requirements.txt locust/requirements-dev.txt
	touch $@

demo: build $(VENV)/.locust ## a demo target, a stock master with its web UI on :8089 and a worker
	bin/swell demo $(ARGS)

test: prepared lint unit deploy-test e2e e2e-goczmq browser-test api-test ## all tests, on a fresh clone too

prepared: # what waits for downloads and what computes, side by side
	@$(MAKE) --no-print-directory -j2 venv build

lint: venv ## go vet, golangci-lint, gofumpt, ruff, shellcheck, hadolint
	tools/debian.sh shellcheck
	$(GO) vet ./...
	cd docs/plots && $(GO) vet .
	$(TOOL) gofumpt -l -d . | tee /dev/stderr | test -z "$$(cat)"
	$(TOOL) golangci-lint run
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	shellcheck tools/*.sh .ci/run build-and-push.sh deploy/image/*.sh
	$(VENV)/bin/hadolint Dockerfile

unit: venv ## unit tests with the race detector, fuzz seeds included
	$(GO) test -race -short $$($(GO) list ./... | grep -v '/e2e')
	$(GO) test ./users # the long ones, which are about numbers
	cd docs/plots && $(GO) test .
	$(VENV)/bin/pytest -q locust
	$(GO) test ./worker # boomer itself has data races: its tests run without the detector

# End-to-end tests mostly wait: more of them than there are cores run at a time.
E2E := -parallel 8
# What the other build can do differently: connections, accounts, ends.
CZMQ := Lose|WorkerBefore|MasterIsKilled|Frozen|Terminated|Rebalanc|Reconnects|Hooks|AHeadless|TheTiming

e2e: venv ## end-to-end tests against a stock master
	@tools/netns.sh
	$(GO) test -count=1 -timeout 15m $(E2E) ./e2e/...

e2e-goczmq: venv ## the same with the libczmq build
	tools/debian.sh libczmq-dev pkg-config gcc
	@tools/netns.sh
	$(GO) vet -tags goczmq ./...
	SWELL_TEST_TAGS=goczmq $(GO) test -count=1 -timeout 15m $(E2E) -run '$(CZMQ)' ./e2e/...

browser-test: build venv ## the web UI in a real Chromium
	tools/debian.sh chromium
	$(VENV)/bin/pytest -q e2e/browser

deploy-test: venv ## the Compose file, the Kubernetes manifests, build-and-push.sh, the image's entrypoint
	tools/debian.sh bats git
	$(GO) -C deploy vet ./...
	$(GO) -C deploy test -count=1 ./...
	bats deploy/bats

image-test: venv ## build the real image and run the real Compose file, with Docker or podman; not part of test
	deploy/image/test.sh

api-test: build venv ## the demo target against its own OpenAPI document, with what schemathesis makes up of SCHEMATHESIS_SEED (1)
	$(VENV)/bin/pytest -q e2e/api

fuzz: ## fuzz the decoders of foreign bytes, a minute each
	for f in FuzzReadFrame FuzzDecodeMessage FuzzParseOrder; do \
	    $(GO) test ./worker -run '^$$' -fuzz "^$$f$$" -fuzztime 60s -fuzzminimizetime 20x || exit 1; \
	done
	$(GO) test ./config -run '^$$' -fuzz '^FuzzParseWeights$$' -fuzztime 60s -fuzzminimizetime 20x
	$(GO) test ./users -run '^$$' -fuzz '^FuzzParseLabel$$' -fuzztime 60s -fuzzminimizetime 20x
	$(GO) test ./fidelity -run '^$$' -fuzz '^FuzzRead$$' -fuzztime 60s -fuzzminimizetime 20x
	$(GO) test ./people -run '^$$' -fuzz '^FuzzParse$$' -fuzztime 60s -fuzzminimizetime 20x

bench: ## Go benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

bench-workers: venv ## what a request costs in CPU: Locust's own workers and Swell's, in one run
	$(VENV)/bin/python bench/compare.py

locustfile: build ## write locust/locustfile.py and insurance.py anew from the built-in user classes
	bin/swell locustfile --workload payment > locust/locustfile.py
	bin/swell locustfile --workload insurance > locust/insurance.py

plots: ## draw the pictures in docs/ anew
	cd docs/plots && $(GO) test -update .

clean: ## remove what was built
	rm -rf bin $(VENV)
