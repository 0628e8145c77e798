# Every target sets itself up from a bare Python, git and make; stamp files keep later runs quick.
#
#   .venv        the tools and an editable install, for development
#   .venv-test   the same lock with the built wheel installed, for `make test`
#   .venv-embed  the lock with sentence-transformers and torch (3 GB), for `make test-embed`

PYTHON ?= python3

QUESTION ?= In which year did the Second World War end? Write three paragraphs about its last months, then state the final answer.
N ?= 16
# A question that the small model mostly knows, so most pairs of traces agree: the judge's prior says
# so. The demo starts all traces and settles only when certain, to show closings at work.
DEMO_FLAGS ?= --temperature 0.5 --judge learned:prior=0.8 \
  --method deepprune-settled:lookahead=none,confidence=1,tau=0.5
BENCH_FLAGS ?=
PYTEST_FLAGS ?=
TRACES ?= tests/recordings/smollm2-n16.jsonl.gz
NAME ?= smollm2-135m
MODEL ?= SmolLM2-135M-Instruct
BENCHMARK ?= three small sums
NOTE ?=
LEADERBOARD_FLAGS ?= -n 12
UPGRADE ?=

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BIN := .venv/bin
UV := $(BIN)/uv
REQ := requirements
TEST := .venv-test
EMBED := .venv-embed
WHEEL := build/wheel

# Nothing from the caller's shell may leak into an environment that is being made or tested.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV CONDA_PREFIX UV_PROJECT_ENVIRONMENT PYTEST_ADDOPTS
export UV_PYTHON_DOWNLOADS := never
export UV_NO_PROGRESS := 1

# Prerequisites run in the order in which they are written.
.NOTPARALLEL:
.PHONY: bench clean demo docs face faults format help leaderboard lint lock setup soak test test-embed test-unit wheel

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------------------------- environments

$(UV): $(REQ)/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
	  echo "deepprune-sdk needs Python 3.11 or newer and '$(PYTHON)' is not: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(REQ)/uv.txt
	@touch $@

.venv/.locked: $(UV) $(REQ)/dev.txt
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes $(REQ)/dev.txt
	@rm -f .venv/.ready
	@touch $@

.venv/.ready: .venv/.locked pyproject.toml
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(TEST)/.locked: $(UV) $(REQ)/dev.txt
	$(UV) venv --quiet --clear --python $(BIN)/python $(TEST)
	$(UV) pip sync --quiet --python $(TEST)/bin/python --require-hashes $(REQ)/dev.txt
	@touch $@

$(EMBED)/.locked: $(UV) $(REQ)/embed.txt
	$(UV) venv --quiet --clear --python $(BIN)/python $(EMBED)
	$(UV) pip sync --quiet --python $(EMBED)/bin/python --require-hashes $(REQ)/embed.txt
	@touch $@

setup: .venv/.ready ## Create .venv with the locked tools and an editable install

# ---------------------------------------------------------------------------------------- to use

demo: .venv/.ready ## Solve QUESTION with N traces of the embedded model
	$(BIN)/deepprune solve "$(QUESTION)" -n $(N) $(DEMO_FLAGS)

lint: .venv/.ready ## Check style and types (ruff, pyright strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: .venv/.ready ## Fix what ruff can fix, and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test: lint test-unit ## Lint, build the wheel, and test it as installed, with coverage

wheel: .venv/.ready
	rm -rf $(WHEEL)
	$(UV) build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir $(WHEEL) .

test-unit: wheel $(TEST)/.locked
	$(UV) pip install --quiet --python $(TEST)/bin/python --no-deps --reinstall $(WHEEL)/*.whl
	@# From an empty folder, and with the environment's own python first: pyright must see the wheel.
	mkdir -p build/types
	cd build/types && PATH="$(CURDIR)/$(TEST)/bin:$$PATH" pyright --verifytypes deepprune_sdk --ignoreexternal
	DEEPPRUNE_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(TEST)/bin/pytest $(PYTEST_FLAGS) --cov

test-embed: wheel $(EMBED)/.locked ## Test judges with real models in this process (downloads torch: 3 GB)
	$(UV) pip install --quiet --python $(EMBED)/bin/python --no-deps --reinstall $(WHEEL)/*.whl
	DEEPPRUNE_TEST_WHEEL=1 PYTHONSAFEPATH=1 $(EMBED)/bin/pytest -m embed $(PYTEST_FLAGS)

bench: .venv/.ready ## Run the benchmarks
	$(BIN)/python bench/run.py $(BENCH_FLAGS)

leaderboard: .venv/.ready ## Bench TRACES as NAME (MODEL, BENCHMARK, LEADERBOARD_FLAGS) and remake the page
	mkdir -p build
	$(BIN)/deepprune bench $(TRACES) $(LEADERBOARD_FLAGS) --json build/$(NAME).json
	$(BIN)/python bench/leaderboard.py docs/leaderboard -o docs/leaderboard.md \
	  --add build/$(NAME).json --model "$(MODEL)" --benchmark "$(BENCHMARK)" --note "$(NOTE)"

soak: .venv/.ready ## Run the tests that take minutes and hunt for leaks and races
	PYTHONSAFEPATH=1 $(BIN)/pytest -m soak $(PYTEST_FLAGS)

faults: .venv/.ready ## Try every fault of a provider and write docs/faults.md
	$(BIN)/python tests/support/simulator/table.py docs/faults.md

face: .venv/.ready ## Write what type checkers read of the face (__init__.pyi)
	$(BIN)/python tests/support/face.py

docs: .venv/.ready ## Build the documentation into site/, warnings are errors
	rm -rf site
	@# --clean: the cache knows when a page has changed, not when a docstring has.
	$(BIN)/zensical build --clean --strict --config-file mkdocs.yml

# --------------------------------------------------------------------------------- housekeeping

COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
  $(if $(UPGRADE),--upgrade)
EXTRAS := --extra aiohttp --extra cli --extra local --extra eval
OVERRIDE := --override $(REQ)/overrides.txt

lock: $(UV) ## Resolve requirements/*.in anew (UPGRADE=1 for the newest versions)
	$(COMPILE) $(REQ)/uv.in --output-file $(REQ)/uv.txt
	$(COMPILE) pyproject.toml $(REQ)/dev.in $(EXTRAS) --constraint $(REQ)/uv.txt $(OVERRIDE) \
	  --output-file $(REQ)/dev.txt
	$(COMPILE) pyproject.toml $(REQ)/dev.in $(REQ)/embed.in $(EXTRAS) --extra embed \
	  --extra hf --extra train \
	  --constraint $(REQ)/dev.txt $(OVERRIDE) --output-file $(REQ)/embed.txt

clean: ## Remove everything the targets made, environments included
	rm -rf .venv $(TEST) $(EMBED) build dist site htmlcov .cache .coverage .coverage.* \
	  .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
