# make demo and make test do all the set-up themselves: Python 3.11+ and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# CA variables of the machine would make the function distrust the local AWS; .pyc files are what makes it start fast.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format lock clean

demo: $(STAMP)
	$(BIN)/inference-experiment demo

test: $(STAMP)
	$(BIN)/python -m pytest

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.11")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
