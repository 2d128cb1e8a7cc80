# Everything here needs only make and a Python of version 3.11 or newer; the rest goes into .venv/.
#
#   make run     does the main job: a world of payments, features, a trained model, decisions over HTTP
#   make test    lint, types, layers and tests
#
# PYTHON=/path/to/python picks the interpreter that .venv/ is made with.

PYTHON ?= python3
PAYMENTS ?= 500000
SEED ?= 7
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install run test lint format types layers tests oracle docs bench lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

# A suitable interpreter: the one that was asked for, else the first of the usual names that is new enough. An
# interpreter that was named on purpose is never replaced by another one.
$(INSTALLED): requirements.lock pyproject.toml
	@suits() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }; \
	found=""; \
	candidates="$(PYTHON)"; \
	if [ "$(origin PYTHON)" = file ]; then candidates="$(PYTHON) python3.13 python3.12 python3.11 python3.14 python"; fi; \
	for candidate in $$candidates; do if suits "$$candidate"; then found="$$candidate"; break; fi; done; \
	if [ -z "$$found" ]; then \
		echo "Sevenfold needs Python 3.11 or newer; tried: $$candidates." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 2; \
	fi; \
	rm -rf $(VENV); \
	if ! "$$found" -m venv $(VENV); then \
		rm -rf $(VENV); \
		echo "$$found cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; \
	fi; \
	echo "Installing into $(VENV)/ with $$($(BIN)/python --version) (once; about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
	@echo "Compiling the feature kernel (once; about a minute)"
	@$(BIN)/python -m sevenfold.features.warm
	@$(BIN)/python -m sevenfold.learning.flat.warm
	@$(BIN)/python -m sevenfold.serving.rules.warm
	@touch $@

install: $(INSTALLED)  ## make .venv/ from requirements.lock, once

run: install  ## simulate payments, build features, train, evaluate, score, then serve and replay
	@$(BIN)/sevenfold run fraud --payments $(PAYMENTS) --seed $(SEED)

test: lint types layers tests oracle  ## everything that has to hold: lint, types, layers, tests

lint: install  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: install  ## repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: install  ## check the types
	$(BIN)/mypy

layers: install  ## check that no room imports what stands to its right
	$(BIN)/lint-imports

tests: install  ## run the tests
	$(BIN)/pytest -n $(WORKERS)

# The kernels once more, interpreted: an indexing mistake that compiled code reads past raises here.
oracle: install
	NUMBA_DISABLE_JIT=1 $(BIN)/pytest -n $(WORKERS) -m oracle tests/features tests/learning tests/serving/rules

docs: install  ## write docs/cli.md anew and check every link
	$(BIN)/python -m sevenfold.cli.reference docs/cli.md
	$(BIN)/pytest tests/repository/test_docs.py

bench: install  ## measure; the figures go into docs/benchmarks.md
	$(BIN)/sevenfold bench features
	$(BIN)/sevenfold bench inference
	$(BIN)/sevenfold bench serving --rows 1000000
	SEVENFOLD_KILLS=60 $(BIN)/pytest tests/serving/test_kill.py

lock:  ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade \
		pyproject.toml --extra learn --extra monitor --extra postgres --extra bench --group dev -o requirements.lock

clean:  ## remove .venv/, caches and build output; .sevenfold/ with your data stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
