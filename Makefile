# Each target does all of its own set-up: Python 3.11 and make are enough. `make help` lists them.
.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help install serve dev test coverage check test-real bench regression fuzz format lock clean

# Arguments for the program that a target starts: make serve ARGS="--port 8080", make test ARGS="-k prefix".
ARGS ?=
# Processes that run the tests.
WORKERS ?= 2

RUN := .venv/bin/python
LOCKED := uv.lock pyproject.toml scripts/bootstrap scripts/install scripts/uv-requirements.txt \
    scripts/chromium tests/fakes/oidc/package-lock.json

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

install: .venv/.installed-runtime ## Make .venv with the bodhi command from the lock file

serve: .venv/.installed-runtime ## Start the gateway on http://localhost:1135
	@scripts/pages || echo "Serving all the same: the API needs no web UI." >&2
	@exec .venv/bin/bodhi serve $(ARGS)

dev: .venv/.installed-dev ## Start the gateway and Vite, for work on the web UI at http://localhost:1136/ui/
	@exec .venv/bin/bodhi dev $(ARGS)

test: .venv/.installed-test ## Run the tests: of the gateway, of the web UI's parts, of its pages in Chromium
	@WORKERS=$(WORKERS) scripts/test $(ARGS)

coverage: .venv/.installed-test ## Run the tests and print which lines and branches none of them reaches
	@scripts/pages
	@$(RUN) -m coverage erase
	@$(RUN) -m coverage run -m pytest -q $(ARGS)
	@$(RUN) -m coverage combine -q
	@$(RUN) -m coverage report

check: .venv/.installed-dev ## Run every gate that is no test: format, lint, types, layers, house rules, lock file
	@scripts/check

test-real: .venv/.installed-test ## Serve a real model with llama.cpp and use it through the gateway (first run builds: 10 min)
	@$(RUN) -m scripts.real_model
	@$(RUN) -m pytest tests/real -v -s $(ARGS)

bench: .venv/.installed-test ## Measure against nginx and print the table
	@$(RUN) -m bench $(ARGS)

regression: .venv/.installed-test ## Tell when a call costs more than is recorded: counts instructions, no time
	@$(RUN) -m bench --instructions $(ARGS)

fuzz: .venv/.installed-fuzz ## Fuzz both HTTP sides and what reads bodies, 10 minutes each: ARGS="--seconds 60" for less
	@$(RUN) -m fuzz $(ARGS)

format: .venv/.installed-dev ## Format the code and repair what the linters can
	@.venv/bin/ruff format
	@.venv/bin/ruff check --fix
	@$(RUN) web/build.py --npm --silent run format

lock: .venv/.installed-dev ## Resolve pyproject.toml into uv.lock anew, keeping what still fits
	@.tools/uv/bin/uv lock

clean: ## Remove what the other targets made, but no data
	rm -rf .venv .tools build dist web/node_modules web/.build src/bodhi/ui/dist test-results
	rm -rf tests/fakes/oidc/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/.installed-runtime: $(LOCKED)
	@scripts/install runtime

.venv/.installed-test: $(LOCKED)
	@scripts/install test

.venv/.installed-dev: $(LOCKED)
	@scripts/install dev

.venv/.installed-fuzz: $(LOCKED)
	@scripts/install fuzz
