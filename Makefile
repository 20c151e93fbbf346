# Everything works from a bare clone where only python3 (3.11 to 3.13) with venv exists.
# The environment lives in .venv; installs are skipped while pyproject.toml and requirements.lock are unchanged.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= auto
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock

.PHONY: help venv demo test test-slow lint bench validate clean

help:
	@echo "make demo       install into $(VENV) and simulate a patient and a population"
	@echo "make test       style, types, layers, and the tests but the slow ones"
	@echo "make test-slow  the slow tests"
	@echo "make validate   recompute published and analytic results"
	@echo "make bench      run the benchmarks"
	@echo "make venv       only make the environment, with what tests need"
	@echo "make clean      remove the environment and all caches"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v < (3, 14) else f"Diaspore needs Python 3.11 to 3.13, {sys.executable} is {v.major}.{v.minor}; choose another with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) -e '.[test]'
	@touch $@

venv: $(VENV)/.installed-test

demo: $(VENV)/.installed
	$(BIN)/diaspore demo

lint: $(VENV)/.installed-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -m "not slow" -n $(JOBS)

test-slow: $(VENV)/.installed-test
	$(BIN)/pytest -m slow

validate: $(VENV)/.installed
	$(BIN)/diaspore validate --quick

bench: $(VENV)/.installed
	@for name in $$($(BIN)/diaspore bench); do $(BIN)/diaspore bench $$name || exit 1; done

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
