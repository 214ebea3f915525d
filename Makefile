# Needs only git, make, Python 3.11 or newer and a package registry.
# `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Passed on to pytest, for instance: make test ARGS="-k deadline"
ARGS ?=
# How the model that ships is made; models/README.md says why.
MODEL_OPTIONS ?= --from-nothing --budget 0 --keep-leaks --mix quality=.5,logistics=.17,service=.1,policy=.14,other=.09
# For instance: make bench BENCH_OPTIONS="exports/big.csv --rows 100000"
BENCH_OPTIONS ?= --rows 20000 --sample 2000

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help setup run test test-slow lint check model bench wheel readme lock clean notebooks docs

help: ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "make %-10s %s\n", $$1, $$2}'

run: $(READY) ## Set up, then triage data/sample with the model that ships, into out/
	$(BIN)/python classify.py data/sample --out out --force

test: $(READY) ## Set up, then run the tests (without the slow ones)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 -m "not slow" $(ARGS)

test-slow: $(READY) ## Run the tests that take minutes
	$(BIN)/python -m pytest -m slow $(ARGS)
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -q -m "not slow" tests/dispatch \
	  -k "clock or contacts or queue"

lint: $(READY) ## Format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test ## Everything a change must pass: lint, then test

model: $(READY) ## Train models/default again from data/corpus
	$(BIN)/python train.py 'data/corpus/*/*.jsonl' --out models/default --force $(MODEL_OPTIONS)

bench: $(READY) ## Tickets per second, beside the obvious pipeline
	$(BIN)/python benchmarks/bench.py $(BENCH_OPTIONS)

wheel: $(READY) ## One file with rules and model inside, to install elsewhere: dist/*.whl
	$(BIN)/python -m pip wheel -qq --no-deps --no-build-isolation --wheel-dir dist .

readme: $(READY) ## Rewrite the parts of README.md that come from the program
	$(BIN)/python docs/readme_blocks.py
	$(BIN)/python docs/chinese_readme.py
	$(BIN)/python docs/reference_pages.py

docs: $(READY) ## Rewrite the reference and build the manual into site/
	$(BIN)/python docs/reference_pages.py
	$(BIN)/python -m mkdocs build --quiet --strict

notebooks: $(READY) ## Run the notebooks and keep their pages in docs/notebooks
	$(BIN)/python docs/notebook_pages.py

setup: $(READY) ## Only set up .venv from constraints.txt

$(READY): pyproject.toml constraints.txt constraints-build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed. '$(PYTHON) --version' says: $$($(PYTHON) --version 2>&1)"; \
	  echo "Name another one: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; \
	  exit 1; } >&2
	@echo "Setting up $(VENV) (a minute or two, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --require-hashes -r constraints-build.txt
	@$(BIN)/python -m pip install -qq --require-hashes --no-build-isolation --use-pep517 -r constraints.txt
	@mkdir -p models/default  # a package of the project, even before `make model` has filled it
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pipeline.text.loops  # compiled now, so that no run has to wait for it
	@touch $@

lock: ## Renew constraints.txt: the newest versions that pyproject.toml allows
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q uv
	$(LOCK) --all-extras --no-emit-package setuptools -o constraints.txt pyproject.toml
	echo "setuptools" | $(LOCK) -o constraints-build.txt -

# One version for all Pythons and platforms, so that results are the same everywhere.
LOCK := build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
  --fork-strategy fewest --generate-hashes --custom-compile-command "make lock"

clean: ## Remove what was made: .venv, out, caches
	rm -rf $(VENV) out site build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
