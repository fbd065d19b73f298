# Everything a fresh machine needs is Python 3.10 or newer, and make:  make demo,  make test.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The newest supported Python found; override with  make PYTHON=/path/to/python3 ...
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.10 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

# Which build of torch  make test-frontends  takes, e.g. one without CUDA.
TORCH ?= torch

.DEFAULT_GOAL := help
.PHONY: help install demo test lint pytest test-frontends format bench docs clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python >= 3.10 found; say which one: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot create environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[dev]'
	@touch $@

install: $(STAMP) ## create .venv and install polymap and its tools into it

demo: $(STAMP) ## map one layer, then a whole network
	$(BIN)/polymap optimize eyeriss_like resnet18/conv1 --objective edp
	$(BIN)/polymap optimize eyeriss_like resnet18 --objective edp

test: lint pytest ## lint, types, tests

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

pytest: $(STAMP) ## tests alone
	$(BIN)/python -m pytest -n auto --dist worksteal -q

test-frontends: ## tests of the front ends beside torch and jax, in an environment of their own
	test -d $(VENV)-frontends || $(PYTHON) -m venv $(VENV)-frontends
	$(VENV)-frontends/bin/python -m pip install --disable-pip-version-check --quiet '$(TORCH)' -e '.[dev,torch,jax]'
	$(VENV)-frontends/bin/python -m pytest -q tests/frontends

format: $(STAMP) ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## CPU seconds of proofs, beside targets and another tool
	$(BIN)/python benchmarks/mapper

docs: $(STAMP) ## the documentation as a site, in site/
	$(BIN)/mkdocs build --strict

clean: ## remove the environment and caches
	rm -rf $(VENV) $(VENV)-frontends build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
