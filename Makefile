# Every target sets up what it needs: a virtual environment with the locked packages, hashes checked, by pip alone.
# A stamp file says that it is done, so that the second call starts at once. Python compiles what it imports by itself:
# compiling everything at once would be a third of the installation.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/python -m pytest
# Tests run on two workers; one file's tests stay together. `make test TESTS=tests/fhir` runs a part.
TESTS ?= tests
WORKERS ?= 2
# To how many Tasks the benchmark's network grows.
TASKS ?= 1000000
# Where the environment forbids compiled modules, each of the hundreds of commands would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test check bench bench-layouts golden soak conformance lock docs-check browser clients clean

help:
	@echo 'make run           serve on http://127.0.0.1:8000 with a demo world (PORT=, DATA_DIR=)'
	@echo 'make test          everything; TESTS=path for a part'
	@echo 'make check         format, lint, types, import contracts, sizes, templates, docs'
	@echo 'make bench         the benchmark, writes docs/benchmarks.md; half an hour and 40 GB, TASKS=50000 for less'
	@echo 'make bench-layouts the comparison of search index layouts (ADR 0002)'
	@echo 'make golden        rewrites golden and generated files; read the diff'
	@echo 'make clients       the FHIR clients in JavaScript that tests use (npm); make test calls it'
	@echo 'make soak          the long forms of fuzz, model, crash and concurrency tests'
	@echo 'make conformance   the official validator over what the stories write, and over tests/mutations (../shared, Java, Maven)'
	@echo 'make lock          resolves the dependencies anew'

run: $(VENV)/.run
	@BATON_ENV=development exec $(BIN)/baton serve --demo

test: $(VENV)/.dev browser clients
	$(PYTEST) -n $(WORKERS) --dist loadfile --durations=20 $(TESTS)

# Its last line: where ../shared is absent, tests that need it are skipped, one by one, and no file fails to be read.
check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -q tests/architecture
	@BATON_TESTS_SHARED=/nonexistent $(PYTEST) -q -q --no-summary --collect-only $(TESTS) >$(VENV)/collected || { tail -30 $(VENV)/collected; exit 1; }

docs-check: $(VENV)/.dev
	$(PYTEST) -q tests/architecture -k docs

soak: $(VENV)/.dev browser clients
	SOAK=1 $(PYTEST) -m "soak or long or hypothesis" --durations=20 $(TESTS)

conformance: $(VENV)/.dev
	$(BIN)/python -m tools.conformance
	$(BIN)/python -m tools.verdicts --check

golden: $(VENV)/.dev
	$(BIN)/python -m tools.refusals
	$(BIN)/python -m tools.security
	UPDATE_GOLDEN=1 $(PYTEST) -q -k golden $(TESTS)

bench: $(VENV)/.dev
	$(BIN)/python -m bench --tasks $(TASKS)

bench-layouts: $(VENV)/.dev
	$(BIN)/python -m bench.index_layouts

browser: $(VENV)/.dev
	@tools/get-browser $(BIN)/python

clients: $(VENV)/.dev
	@tools/get-clients $(BIN)/python

lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv/ (pip install uv)'; exit 1; }
	uv pip compile --quiet --upgrade --generate-hashes --universal --no-header --extra build \
	  pyproject.toml -o requirements.lock
	uv pip compile --quiet --upgrade --generate-hashes --universal --no-header --extra build --extra dev \
	  -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/.run: requirements.lock pyproject.toml
	@tools/make-venv $(VENV)
	$(PIP) install --no-compile --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@touch $@
