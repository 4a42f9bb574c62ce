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
MEMORY_LIMIT ?=
PERSONAL ?=
SHOP_TIME_ZONE ?=
CURRENCY ?=
export DATA WAREHOUSE AS_OF MEMORY_LIMIT SHOP_TIME_ZONE CURRENCY
# a fit runs in one of dbt's threads; more threads inside would only fight over the cores
export OMP_NUM_THREADS := 1
export DO_NOT_TRACK := 1

VENV := .venv$(if $(DUCKDB),-duckdb-$(DUCKDB))
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# the build of the sample that dbt's tests and pytest share
SAMPLE_BUILD := target/test-sample
REPORTS_READY := $(VENV)/.reports-ready
DASHBOARDS_READY := $(VENV)/.dashboards-ready

TOPICS ?= $(basename $(notdir $(wildcard dashboards/*.yml)))
# optional dependencies beside dev that have a lock of their own
EXTRAS := reports dashboards

FORMATS ?= pdf xlsx html csv

.PHONY: help setup build test check lint docs show diff impact rollback dashboards export report bench sample clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo
	@echo 'Settings, as make variable or environment:'
	@echo '  DATA=<folder>       your own input files (without it: the sample retailer)'
	@echo '  WAREHOUSE=<folder>  where the database files go (default: warehouse)'
	@echo '  AS_OF=<date>        the day that counts as today (default: the newest event)'
	@echo '  SHOP_TIME_ZONE=<zone> the zone of the days, such as Europe/Berlin (default: UTC)'
	@echo '  CURRENCY=<code>     what amounts are called (default: as the files say, else EUR)'
	@echo '  TOPICS=... FORMATS=...  what make report writes (default: all)'
	@echo '  PERSONAL=--with-personal  names and addresses in exports, reports and dashboards (default: none)'
	@echo '  MEMORY_LIMIT=<size> what DuckDB may hold in memory (default: 160 bytes per row read, 600MB to 5GB)'
	@echo '  DUCKDB=<version>    another DuckDB, in an environment of its own (default: the pinned one)'
	@echo '  ARGS=...            further arguments for dbt, such as ARGS="--select customers"'

setup: $(READY)  ## the environment in .venv; remade when the pins change

PIP_INSTALL := install --quiet --disable-pip-version-check --no-compile

$(READY): pyproject.toml constraints.txt requirements/locked/dev.txt
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	sed -E '$(if $(DUCKDB),s/^duckdb==.*/duckdb==$(DUCKDB)/,)' constraints.txt > $(VENV)/constraints.txt
	# every package is checked against its hash; another DuckDB is in no lock
	$(if $(DUCKDB),,$(BIN)/pip $(PIP_INSTALL) --require-hashes --no-deps \
		--requirement requirements/locked/dev.txt)
	$(BIN)/pip $(PIP_INSTALL) --constraint $(VENV)/constraints.txt --editable '.[dev]'
	# once here instead of a little in every command
	$(BIN)/python -m compileall -q -j 2 $(VENV)/lib > /dev/null || true
	$(if $(DUCKDB),,$(BIN)/dbt --quiet parse --no-write-json > /dev/null || true)
	touch $(READY)

# what reports and dashboards need and a build does not: 80 MB each
$(VENV)/.%-ready: $(READY) requirements/locked/%.txt
	$(if $(DUCKDB),,$(BIN)/pip $(PIP_INSTALL) --require-hashes --no-deps \
		--requirement requirements/locked/$*.txt)
	$(BIN)/pip $(PIP_INSTALL) --constraint $(VENV)/constraints.txt --editable '.[dev,$*]'
	touch $@

.PHONY: lock
lock: .venv-lock/.ready  ## hashes of all pins: after a change of constraints.txt
	mkdir -p requirements/locked
	for extra in dev $(EXTRAS); do
		.venv-lock/bin/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes \
			--no-header --no-annotate --constraint constraints.txt --extra $$extra \
			--output-file requirements/locked/$$extra.txt pyproject.toml
	done

build: $(READY)  ## build, test and publish the warehouse
	$(BIN)/retail build $(ARGS)

test: check $(REPORTS_READY) $(DASHBOARDS_READY)  ## everything: lint, a build of the sample with all tests of dbt, pytest
	rm -rf $(SAMPLE_BUILD) && mkdir -p $(SAMPLE_BUILD)
	# as pytest's builds call their folder: dbt parses anew where it has another name
	cd $(SAMPLE_BUILD) && DATA= AS_OF= $(CURDIR)/$(BIN)/retail build --unit-tests --warehouse . \
		--project-dir $(CURDIR) --profiles-dir $(CURDIR) \
		--target-path $(CURDIR)/$(SAMPLE_BUILD)/target --log-path $(CURDIR)/$(SAMPLE_BUILD)/logs
	cd $(CURDIR)
	SAMPLE_BUILD=$(SAMPLE_BUILD) $(BIN)/python -m pytest --numprocesses 2 --dist loadfile \
		--no-loadscope-reorder $(ARGS)
	if [ -f .venv-serving/.ready ]; then
		SAMPLE_BUILD=$(SAMPLE_BUILD) .venv-serving/bin/python -m pytest tests/python/serving/programs
	fi

.PHONY: mutants
mutants: $(READY)  ## small faults put in on purpose, each of which a test must notice: make mutants ARGS=churn
	$(BIN)/python tests/mutants/run.py $(ARGS)

check: lint  ## lint of SQL and Python, and the keys of YAML files
	$(BIN)/python -m pytest tests/python/project/test_yaml_keys.py
lint: $(READY)
	$(BIN)/ruff check src tests python_models docs
	$(BIN)/ruff format --check src tests python_models docs
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar models analyses tests/singular

# what only one word needs has an environment of its own: .venv-<word>, from requirements/<word>.txt
.venv-metrics/.ready: constraints.txt
.venv-%/.ready: requirements/%.txt
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --no-compile --requirement $<
	touch $@

# the project itself without what a build needs
.venv-serving/.ready: requirements/serving.txt constraints.txt pyproject.toml
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip $(PIP_INSTALL) --requirement $<
	$(@D)/bin/pip $(PIP_INSTALL) --no-deps --editable .
	touch $@

.PHONY: mcp serve
mcp: $(READY) .venv-serving/.ready  ## for agents: how to connect them; ARGS=--http serves on a port
	test -f $(WAREHOUSE)/retail.duckdb || $(BIN)/retail build
	$(if $(ARGS),.venv-serving/bin/retail mcp $(ARGS),@printf '%s\n' 'A client that starts servers itself takes this:' \
		'{"mcpServers": {"retail": {"command": "$(CURDIR)/.venv-serving/bin/retail",' \
		'  "args": ["mcp", "--warehouse", "$(abspath $(WAREHOUSE))", "--questions", "$(CURDIR)/dashboards",' \
		'           "--docs", "$(CURDIR)/docs"]}}}')

serve: $(READY) .venv-serving/.ready  ## for programs: the HTTP API on http://127.0.0.1:8765/api/v1
	test -f $(WAREHOUSE)/retail.duckdb || $(BIN)/retail build
	.venv-serving/bin/retail serve $(ARGS)

docs: $(READY) .venv-docs/.ready  ## documentation and lineage of every column: target/docs/index.html
	test -f $(WAREHOUSE)/build.duckdb || $(BIN)/retail build
	$(BIN)/dbt --quiet docs generate --static
	.venv-docs/bin/colibri generate --light --disable-telemetry --output-dir target/docs/lineage
	.venv-docs/bin/python docs/make_pages.py --artifacts target --out target/docs \
		--dashboards $(WAREHOUSE)/dashboards

.PHONY: metrics next
metrics: $(READY) .venv-metrics/.ready  ## checks the metrics, or asks: make metrics m=revenue by=metric_time__month
	test -f $(WAREHOUSE)/retail.duckdb || $(BIN)/retail build
	.venv-metrics/bin/dbt --quiet parse --profiles-dir metricflow --target-path metricflow/target
	cd metricflow && WAREHOUSE=$(abspath $(WAREHOUSE)) $(CURDIR)/.venv-metrics/bin/mf \
		$(if $(m),query --metrics $(m) $(if $(by),--group-by $(by) --order $(by)),validate-configs) $(ARGS)

next: $(READY) .venv-next/.ready  ## whether dbt 2.0 will read the project
	$(BIN)/python -m pytest tests/python/project/test_next_dbt.py

.PHONY: check-data
check-data: $(READY)  ## what a build would make of your files: make check-data DATA=<folder>
	$(BIN)/retail check "$(DATA)"

show: $(READY)  ## first rows of a published mart: make show m=customers
	$(BIN)/retail show $(m)

diff: $(READY)  ## a mart of the last build against the published one: make diff m=customers
	$(BIN)/retail diff $(m)

impact: $(READY)  ## what depends on a model: make impact m=deliveries
	$(BIN)/dbt --quiet ls --select $(m)+ --output name

rollback: $(READY)  ## publish the file from before the last build again
	$(BIN)/retail rollback

dashboards: $(DASHBOARDS_READY)  ## a page per topic to open in a browser: warehouse/dashboards
	$(BIN)/retail dashboards $(PERSONAL)

sample: $(READY)  ## make the sample retailer's files again
	$(BIN)/retail sample --customers 2000 --out seeds/sample

export: $(READY)  ## every published mart as Parquet and CSV: warehouse/exports
	$(BIN)/retail export $(PERSONAL)

report: $(REPORTS_READY)  ## reports for people: warehouse/reports
	for topic in $(TOPICS); do for format in $(FORMATS); do
		$(BIN)/retail report --topic $$topic --format $$format \
			--out "$(WAREHOUSE)/reports/$$topic.$$format" $(PERSONAL)
	done; done

bench: $(READY)  ## wall time and memory, beside DuckDB alone
	$(BIN)/python tests/bench/bench.py $(ARGS)

clean:  ## remove everything that a build makes, and the environment
	rm -rf .venv .venv-* target metricflow/target logs warehouse
