# A fresh clone needs Python 3.11 or newer and make: `make demo` and `make test` do the rest.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two installs at once into one environment would get in each other's way.
.NOTPARALLEL:
.PHONY: help demo test test-interop bench lint types format clean
# Make removes in the end what it made in passing, which is all that only patterns name.
.PRECIOUS: %/bin/pip
# The folder of a stamp names the environment that the stamp needs.
.SECONDEXPANSION:

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/.installed-examples  ## Forecast the price of a stock and draw it
	$(BIN)/python examples/plot_google_stock.py

# Most of a small fit runs on one core; fixtures are shared within a file. Three processes, though
# there may be two cores: what XLA has compiled is never freed, and a process of half of the tests
# comes near the 65,530 mappings that Linux allows (vm.max_map_count), where it is aborted. If one is,
# the run ends: with a new process in its place it would hang.
test: .venv/.installed-test  ## Run the tests, with branch coverage
	$(BIN)/python -m pytest --cov --numprocesses 3 --dist loadfile --max-worker-restart 0

# In an environment of its own: some of these packages need an older pandas than our newest.
test-interop: .venv-interop/.installed-interop  ## Use skrnn from skforecast, sktime, mlforecast, Optuna, dask ...
	.venv-interop/bin/python -m pytest tests_interop

# Compares with others on this machine; it should have nothing else to do meanwhile.
bench: .venv/.installed-bench  ## Measure skrnn beside Keras and PyTorch; about 40 minutes
	$(BIN)/python benchmarks/run.py

lint: .venv/.installed-test  ## Check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.installed-test  ## Check the types
	$(BIN)/mypy

format: .venv/.installed-test  ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:  ## Remove caches and build results; environments stay
	rm -rf build dist htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name '.venv*' -prune -o -name __pycache__ -type d -exec rm -rf {} +

# One stamp for each extra in an environment, such as .venv/.installed-test: nothing is installed
# again until pyproject.toml changes.
.installed-%: pyproject.toml | $$(@D)/bin/pip
	@echo 'Installing skrnn[$(*F)] into $(@D); TensorFlow is large, so this may take minutes.'
	$(@D)/bin/python -m pip install --quiet --editable '.[$(*F)]'
	@touch $@

# pip is the last thing that venv makes, so a half-made environment is made again.
%/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skrnn needs Python 3.11 or newer, but $(PYTHON) is %d.%d. Name a newer one: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $*
