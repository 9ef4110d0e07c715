# One entry for everything. Needs nothing but make and Python 3.11 or newer.
PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
# Three files of tests at a time: they wait more than they count. What belongs together stays so,
# and the longest come first (tests/conftest.py).
AT_ONCE := -n 3 --dist loadgroup --no-loadscope-reorder
SETUP = $(if $(PYTHON),$(PYTHON),$(error Python 3.11 or newer was not found; give its path with PYTHON=…)) requirements/setup.py

.DEFAULT_GOAL := help
.PHONY: help demo test check lint bench

help: ## Show what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16
	@echo "  make demo PORT=8080 serves on another port; everything is kept in $(VENV) and instance/"

demo: $(VENV)/.ready-run ## Set up, fill five fictional schools and serve them on http://127.0.0.1:8000
	@$(BIN)/portal demo --port $(PORT)

test: $(VENV)/.ready-test ## Set up and run every kind of test on bounded samples (at most 15 minutes)
	@$(SETUP) system
	@$(BIN)/python -m pytest $(AT_ONCE)

check: $(VENV)/.ready-test lint ## The full sweeps beside lint and types; before a change is finished
	@$(SETUP) system
	@$(BIN)/python -m pytest $(AT_ONCE) --full-sweeps

lint: $(VENV)/.ready-test ## Style, format, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.ready-test ## Print every performance figure beside a baseline of the same run
	@$(BIN)/python -m tests.bench

$(VENV)/.ready-run: requirements/run.txt requirements/setup.py
	@$(SETUP) run

$(VENV)/.ready-test: requirements/test.txt requirements/setup.py
	@$(SETUP) test
