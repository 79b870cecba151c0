# `make demo` and `make test` set everything up by themselves, in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# tests at a time: one more than there are cores, as some wait for a limit; so each has one thread;
# tests and the commands that they start are compiled once, also where Python is told not to keep that
JOBS   ?= 3
MINUTES ?= 3
NEEDED := $(shell sed -n 's/^requires-python = ">=\(.*\)"/\1/p' pyproject.toml)
PYTEST  = OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS)

.PHONY: demo kit test test-slow lowest fuzz lint bench clean help
.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; needed, found = "$(NEEDED)", sys.version.split()[0]; sys.exit(sys.version_info < tuple(map(int, needed.split("."))) and "Python " + needed + " or newer is needed, and $(PYTHON) is " + found + ": name another one, as in `make demo PYTHON=python3.12`.")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -qq -j 0 -x '/(tests|transformers|mypy)/' $(VENV)/lib || true  # what is used, by all cores
	touch $@

demo: $(VENV)/ready  ## grade the included example and the included class
	$(BIN)/ddpm-grader grade examples/2023-12345.tar.gz --out demo-output
	$(BIN)/ddpm-grader batch examples/2023-12345.tar.gz examples/submissions.zip --roster examples/roster.csv --deadline 2026-05-01T23:59 --out demo-class
	@echo 'open demo-class/index.html, and settle what is in doubt: $(BIN)/ddpm-grader review demo-class'

kit: $(VENV)/ready  ## what students are given, proved and packed, into kit/
	$(BIN)/ddpm-grader template check
	$(BIN)/ddpm-grader template build --output kit

test: $(VENV)/ready  ## everything but what needs many minutes
	$(PYTEST) --dist worksteal -m 'not slow' --cov --cov-report=term

test-slow: $(VENV)/ready  ## the long statistical runs
	$(PYTEST) -m 'slow and not lowest'

lowest: $(VENV)/ready  ## the oldest packages that pyproject.toml allows, beside the torch that is here
	$(PYTEST) -n 0 -m lowest

fuzz: $(VENV)/ready  ## each reader of what students send, fuzzed; MINUTES=30 for each
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[fuzz]' || true  # not for every Python
	$(BIN)/python -m tests.fuzz $(MINUTES)

lint: $(VENV)/ready  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready  ## the speed tables
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) .bench demo-output demo-class kit
