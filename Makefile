# Every word sets up what it needs. Settings: DATA, WAREHOUSE, AS_OF, ARGS, DUCKDB (see `make help`).
SHELL := /bin/bash
.DELETE_ON_ERROR:
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
DATA ?=
WAREHOUSE ?= warehouse
AS_OF ?=
ARGS ?=
DUCKDB ?=
export DATA WAREHOUSE AS_OF
# a fit runs in one of dbt's threads; more threads inside would only fight over the cores
export OMP_NUM_THREADS := 1
export DO_NOT_TRACK := 1

VENV := .venv$(if $(DUCKDB),-duckdb-$(DUCKDB))
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DASHBOARDS_READY := $(VENV)/.dashboards-ready

.PHONY: help setup build test check lint docs show diff impact rollback dashboards bench sample clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo 'Settings, as make variable or environment:'
	@echo '  DATA=<folder>       your own input files (without it: the sample retailer)'
	@echo '  WAREHOUSE=<folder>  where the database files go (default: warehouse)'
	@echo '  AS_OF=<date>        the day that counts as today (default: the newest event)'
	@echo '  ARGS=...            further arguments for dbt, such as ARGS="--select customers"'

setup: $(READY)  ## the environment in .venv; remade when the pins change

$(READY): pyproject.toml constraints.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	sed -E '$(if $(DUCKDB),s/^duckdb==.*/duckdb==$(DUCKDB)/,)' constraints.txt > $(VENV)/constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile \
		--constraint $(VENV)/constraints.txt --editable '.[dev]'
	# once here instead of a little in every command
	$(BIN)/python -m compileall -q -j 2 $(VENV)/lib > /dev/null || true
	touch $(READY)

# what dashboards need and a build does not: the charts' library is 80 MB
$(DASHBOARDS_READY): $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile \
		--constraint $(VENV)/constraints.txt --editable '.[dev,dashboards]'
	touch $(DASHBOARDS_READY)

build: $(READY)  ## build, test and publish the warehouse
	$(BIN)/retail build $(ARGS)

test: check $(DASHBOARDS_READY)  ## everything: lint, a build of the sample with all tests of dbt, pytest
	DATA= AS_OF= $(BIN)/retail build --unit-tests --warehouse target/test-warehouse
	$(BIN)/python -m pytest $(ARGS)

check: lint  ## lint of SQL and Python
lint: $(READY)
	$(BIN)/ruff check src tests python_models
	$(BIN)/ruff format --check src tests python_models
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models analyses tests/singular

docs: $(READY)  ## one static page of documentation: target/static_index.html
	$(BIN)/dbt docs generate --static

show: $(READY)  ## first rows of a published mart: make show m=customers
	$(BIN)/retail show $(m)

diff: $(READY)  ## a mart of the last build against the published one: make diff m=customers
	$(BIN)/retail diff $(m)

impact: $(READY)  ## what depends on a model: make impact m=deliveries
	$(BIN)/dbt --quiet ls --select $(m)+ --output name

rollback: $(READY)  ## publish the file from before the last build again
	$(BIN)/retail rollback

dashboards: $(DASHBOARDS_READY)  ## a page each to open in a browser: warehouse/dashboards
	$(BIN)/retail dashboards

sample: $(READY)  ## make the sample retailer's files again
	$(BIN)/retail sample --customers 2000 --out seeds/sample

bench: $(READY)  ## wall time and memory, beside DuckDB alone
	$(BIN)/python tests/bench/bench.py $(ARGS)

clean:  ## remove everything that a build makes, and the environment
	rm -rf .venv .venv-duckdb-* .venv-bench target logs warehouse
