# A fresh clone needs Python 3.11 or newer and make: `make demo` and `make test` do the rest.

PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two installs at once into one environment would get in each other's way.
.NOTPARALLEL:
.PHONY: help demo test coverage test-interop test-oldest test-wheel trust wheel release docs look bench accuracy intervals lint types format lock audit clean
# Make removes in the end what it made in passing, which is all that only patterns name.
.PRECIOUS: %/bin/pip
# The folder of a stamp names the environment that the stamp needs.
.SECONDEXPANSION:

help:  ## Show the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: .venv/.installed-examples  ## Forecast a laser, where networks win, and prices, where they do not
	$(BIN)/python examples/start_here/plot_laser.py
	$(BIN)/python examples/exercises/google_stock.py

# As many processes as cores; fixtures are shared within a file. If a process dies, the run ends:
# with a new one in its place it would hang.
TESTS := --numprocesses auto --dist loadfile --max-worker-restart 0 tests --pyargs skrnn

test: .venv/.installed-test  ## Run the tests
	$(BIN)/python -m pytest $(TESTS)

# With it, the tests take half as long again. It does not see compiled functions, so the tests of the
# cells run once more without compilation.
coverage: .venv/.installed-test  ## Run the tests and measure branch coverage; about 20 minutes
	$(BIN)/python -m pytest --cov --cov-report= $(TESTS)
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest --cov --cov-append --cov-fail-under 97 tests/_network/test_cells.py

test-oldest: .venv-oldest/.installed  ## Run the tests with the oldest versions that are supported
	.venv-oldest/bin/python -m pytest $(TESTS)

wheel: .venv/.installed-release  ## Build sdist and wheel, and check what is in them
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tests/check_wheel.py dist/*.whl

# The tests are those of the sdist, without the package that came along, so that all there is to
# import is the wheel. Safe path: Python does not look into the working folder either.
test-wheel: export PYTHONSAFEPATH := 1
test-wheel: wheel  ## Run the tests with the wheel, in an environment that is made anew
	rm -rf build/tests
	mkdir -p build/tests
	tar -xzf dist/skrnn-*.tar.gz -C build/tests --strip-components 1
	rm -r build/tests/skrnn
	$(call make_environment,.venv-wheel,--clear)
	.venv-wheel/bin/python -m pip install --quiet "$$(echo dist/*.whl)[test]"
	cd build/tests && $(CURDIR)/.venv-wheel/bin/python -c 'import skrnn, sysconfig; assert skrnn.__file__.startswith(sysconfig.get_path("purelib")), skrnn.__file__'
	cd build/tests && $(CURDIR)/.venv-wheel/bin/python -m pytest $(TESTS)

# What the wheel was tested as is what goes out.
release: test-wheel  ## Build sdist and wheel, and test the wheel in an environment of its own
	@ls -l dist

docs: .venv/.installed-docs  ## Build the site, with all that its examples print and draw
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html

# Needs Debian's chromium and chromium-driver.
look: docs  ## Build the site and open each page in Chromium, wide and narrow, light and dark
	$(BIN)/python docs/look.py docs/_build/html docs/_build/look

# In an environment of its own: some of these packages need an older pandas than our newest.
test-interop: .venv-interop/.installed-interop  ## Use skrnn from skforecast, sktime, mlforecast, Optuna, dask ...
	.venv-interop/bin/python -m pytest tests_interop

# Each prints its figures, and fails where something is lost.
trust: .venv/.installed-test  ## Crash fits and files, fit 1,000 times, fuzz for 10 minutes; about 25 minutes
	$(BIN)/python trust/crash.py
	$(BIN)/python trust/soak.py
	$(BIN)/python trust/fuzz.py

# Compares with others on this machine; it should have nothing else to do meanwhile.
bench: .venv/.installed-bench  ## Measure skrnn beside Keras and PyTorch; about 40 minutes
	$(BIN)/python benchmarks/run.py

accuracy: .venv/.installed-bench  ## Measure networks beside rivals and published figures; up to 30 minutes
	$(BIN)/python benchmarks/accuracy.py

intervals: .venv/.installed-bench  ## Measure how many targets 90 % intervals hold; up to 5 minutes
	$(BIN)/python benchmarks/intervals.py

lint: .venv/.installed-test  ## Check style and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.installed-test  ## Check the types
	$(BIN)/mypy

format: .venv/.installed-test  ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# uv does not read pip's settings, so that the hashes are those of the public files.
lock: .venv/.installed-release  ## Lock what developers install to versions and hashes of today
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock' --extra test --extra unequal-lengths --extra docs --extra release --output-file requirements/dev.txt pyproject.toml

# Strict: what could not be looked up is not taken for harmless.
audit: .venv/.installed-release  ## Ask the index about known vulnerabilities of what is locked
	$(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/dev.txt

clean:  ## Remove caches and build results; environments stay
	rm -rf build dist docs/_build docs/auto_examples docs/generated htmlcov .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name '.venv*' -prune -o -name __pycache__ -type d -exec rm -rf {} +

# One stamp for each extra in an environment, such as .venv/.installed-test: nothing is installed
# again until pyproject.toml changes, or the version.
.installed-%: pyproject.toml skrnn/__init__.py | $$(@D)/bin/pip
	@echo 'Installing skrnn[$(*F)] into $(@D); TensorFlow is large, so this may take minutes.'
	$(@D)/bin/python -m pip install --quiet --editable '.[$(*F)]'
	@touch $@

.venv-oldest/.installed: pyproject.toml skrnn/__init__.py requirements/oldest.txt | .venv-oldest/bin/pip
	@echo 'Installing the oldest versions into .venv-oldest; this may take minutes.'
	.venv-oldest/bin/python -m pip install --quiet --editable '.[test]' --constraint requirements/oldest.txt
	@touch $@

# TensorFlow 2.19 ends at Python 3.12, and the oldest Python is one of the oldest versions.
.venv-oldest/bin/pip: PYTHON := python3.11

# pip is the last thing that venv makes, so a half-made environment is made again.
%/bin/pip:
	$(call make_environment,$*)

define make_environment
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "skrnn needs Python 3.11 or newer, but $(PYTHON) is %d.%d. Name a newer one: make PYTHON=python3.12" % sys.version_info[:2])'
$(PYTHON) -m venv $(2) $(1)
endef
