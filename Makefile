# Two commands do all set-up on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FULLCYCLE := $(BIN)/fullcycle
DEMO := demo/late-flights

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check bench bench-quality clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 14

demo: $(VENV)/demo  ## the main job on real data: 336,776 flights, from the question to the money
	@test -f $(DEMO)/cycle.toml || $(FULLCYCLE) init $(DEMO) --example flights
	@$(FULLCYCLE) replay --project $(DEMO) --from 2013-07-01 --to 2014-01-02
	@echo "To open the service:  $(FULLCYCLE) serve --project $(DEMO)   then see http://127.0.0.1:8000/docs"

test: $(VENV)/test  ## the tests
	@$(BIN)/python -m pytest -n auto -m "not slow"

# A file stays with one worker: the tests on the flights share one replay.
test-slow: $(VENV)/test  ## simulations and soaks
	@$(BIN)/python -m pytest -n auto --dist loadfile -m slow

check: $(VENV)/test  ## lint, types, import directions
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

bench: $(VENV)/bench  ## speed, as ratios to a reference measured in the same run
	@$(BIN)/python -m bench

bench-quality: $(VENV)/bench  ## models on eleven real tables beside other tools, 60 s and 240 s each: four hours
	@$(BIN)/python -m bench.quality

clean:  ## remove what these commands made
	rm -rf $(VENV) demo build dist

$(VENV)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fullcycle needs Python 3.11 or newer; found $$($(PYTHON) --version). Name one with: make PYTHON=python3.12 demo"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(VENV)/demo: $(VENV)/uv pyproject.toml constraints.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[demo]'
	@touch $@

$(VENV)/bench: $(VENV)/uv pyproject.toml constraints.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[bench]'
	@touch $@

$(VENV)/test: $(VENV)/uv pyproject.toml constraints.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --editable '.[test]'
	@touch $@
