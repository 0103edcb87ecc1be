# AI EasyMaker as code. `make help` lists what can be done.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOAK ?= 20

# Every spec that is committed; a stack's own configuration is none.
SPECS := $(filter-out stacks/Pulumi.%,$(wildcard stacks/*.yaml)) $(wildcard examples/*/*.yaml)

# Runs a part and says how long it took.
part = @start=$$(date +%s); echo "== $(1)"; $(2); echo "== $(1): $$(( $$(date +%s) - start )) s"

.PHONY: help setup toolchain check fix lock test soak up down bench

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

# Compiled when first used: most of the SDKs never is, and compiling it all takes as long as the rest.
setup: $(VENV)/.installed ## the Python environment in .venv
$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: Python is not installed (3.11 or newer is needed)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11 (set PYTHON=)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement requirements-dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

toolchain: setup ## Pulumi, its providers and Kubernetes: found, or built into the cache
	$(BIN)/python -m tools.toolchain

check: setup ## format, lint, strict types, import contracts, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	PYTHONPATH=runtime $(BIN)/lint-imports
	$(BIN)/emctl validate $(SPECS)
	$(BIN)/emctl schema --check --reference docs/reference/spec.md
	$(BIN)/emctl images lock --check
	$(BIN)/pytest -m "not e2e"

fix: setup ## format, and write generated files anew
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/emctl schema --reference docs/reference/spec.md
	$(BIN)/emctl images lock

lock: setup ## write the requirement locks anew from pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra local --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile $(LOCK) --extra local --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(BIN)/pip-compile $(LOCK) --output-file tests/support/swift/requirements.txt tests/support/swift/requirements.in
	$(BIN)/pip-compile $(LOCK) --output-file tests/support/aws/requirements.txt tests/support/aws/requirements.in
# No registry address may stand in a lock.
LOCK := --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

test: ## everything, the cluster too
	$(call part,setup,$(MAKE) --no-print-directory setup)
	$(call part,toolchain,$(MAKE) --no-print-directory toolchain)
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=line on-cluster beside-cluster

# Tests on a cluster mostly wait, so the rest runs beside them, in the time that they leave. Of the
# rest each command's output comes in one piece, when it has ended.
.PHONY: on-cluster end-to-end beside-cluster
on-cluster:
	$(call part,tests on the cluster,$(MAKE) --no-print-directory --output-sync=none end-to-end)
end-to-end:
	IMAGES_AHEAD=1 $(BIN)/pytest -m e2e tests/e2e --durations=25
beside-cluster:
	$(call part,check,nice -n 10 $(MAKE) --no-print-directory check)
	$(call part,tests with the built tools,nice -n 10 $(BIN)/pytest -m e2e --ignore=tests/e2e --durations=15)

soak: toolchain ## long random repeats, and long waits (SOAK=20)
	SOAK=$(SOAK) $(BIN)/pytest -m soak -rP

up: toolchain ## the main job: cluster, images, and all of stacks/local.yaml until it answers
	$(BIN)/emctl local up
	$(BIN)/emctl up stacks/local.yaml

down: toolchain ## remove all that `make up` made
	$(BIN)/emctl down stacks/local.yaml
	$(BIN)/emctl local down

bench: toolchain ## figures, as ratios within one run
	$(BIN)/python -m benchmarks
