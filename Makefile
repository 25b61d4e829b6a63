# demo, test, check, bench, docs: what a clean clone can do. Needs Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.PHONY: help venv test check pytest demo bench docs requirements

help:
	@echo "make demo    build a real image, start it, ask it something"
	@echo "make test    static checks and the whole suite"
	@echo "make check   static checks only"
	@echo "make pytest  the suite only; ARGS='-k name' to choose"
	@echo "make bench   speed and size against peers"
	@echo "make docs    the reference pages, from the code"
	@echo "make requirements   renew the pinned development requirements"

venv: $(READY)

$(READY): requirements-dev.txt pyproject.toml
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

check: venv
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

pytest: venv
	$(RUN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

test: check
	$(RUN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

demo: venv
	$(RUN)/python examples/demo.py

bench: venv
	$(RUN)/python bench/run.py $(ARGS)

docs: venv
	$(RUN)/python tools/reference.py

# Renews the pins: hashes only, no addresses. Needs uv.
requirements:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-emit-package seaslug requirements-dev.in -o requirements-dev.txt
	sed -i '/^-e /d' requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header tools/requirements-probe.in -o tools/requirements-probe.txt
