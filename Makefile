# On a bare machine (Python 3.11 or 3.12, make, a C compiler) every target sets up all it needs.
# Set-up leaves stamps named after the content they were made from, so a second run does nothing.

.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.SHELLFLAGS   := -ec
MAKEFLAGS     += --no-print-directory

VENV       := .venv
WHEEL_VENV := .venv-wheel
PY         := $(VENV)/bin/python
WHEEL_PY   := $(WHEEL_VENV)/bin/python

JOBS        ?= 2
PYTEST_ARGS ?=

# Nothing from the caller's environment may slip into what is tested.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Python remembers the compiler it was built with, which this machine need not have: make's is `cc`.
export CC

# Only what is pinned, and source only where there is nothing else: an unexpected source build would
# fetch its own tools, or take an hour. (-qq: errors only; warnings are about indexes, not ours.)
INSTALL := -m pip install -qq --require-hashes --no-build-isolation \
           --only-binary :all: --no-binary durable-rules
# Our own code: built with the pinned tools, its dependencies being there already.
INSTALL_OURS := -m pip install -qq --no-deps --no-build-isolation --no-index

CODE    := $(wildcard src tests tools benchmarks contrib)
PROTOS  := $(sort $(shell find proto -name '*.proto' 2>/dev/null))
CONTRIB := $(sort $(patsubst %/pyproject.toml,%,$(wildcard contrib/*/pyproject.toml)))

# The API of the last release, as an image of buf's.
RELEASED := docs/api/released.binpb

# Where mypy finds each third party's package, besides src/.
empty :=
space := $(empty) $(empty)
export MYPYPATH := $(subst $(space),:,$(strip $(wildcard $(addsuffix /src,$(CONTRIB)))))

content = $(firstword $(shell cat $(1) /dev/null | cksum))

HAS_TOOLS  := $(VENV)/.has-tools-$(call content,requirements/build.txt requirements/dev.txt)
HAS_STUBS  := src/envrules/v1/.made-$(call content,$(PROTOS) tools/gen_proto.py requirements/dev.txt)
HAS_PROJECT := $(VENV)/.has-project-$(call content,pyproject.toml $(addsuffix /pyproject.toml,$(CONTRIB)))
HAS_BENCH  := $(VENV)/.has-bench-$(call content,requirements/bench.txt requirements/dev.txt)
WHEEL_ENV  := $(WHEEL_VENV)/.has-tools-$(call content,requirements/build.txt requirements/test.txt)

.PHONY: help setup demo editions test check lint format schema released bench wheel clean

help:
	@echo 'make demo    set up, then show a locality judged from events to lists'
	@echo 'make test    set up, lint, build the wheel, and test it as installed'
	@echo 'make check   set up, lint, and test the checkout: quicker, for daily work'
	@echo 'make lint    ruff, mypy --strict, buf lint, buf breaking'
	@echo 'make format  let ruff format and fix what it safely can'
	@echo 'make editions  write what officials read of every scheme into build/editions'
	@echo 'make schema  refresh what editors know of rulesets, after a change of the schema'
	@echo 'make released  at a release: keep its API, which later changes may not break'
	@echo 'make bench   run the benchmarks against their references'
	@echo 'make setup   only set up; make clean removes all that any target made'

setup: $(HAS_TOOLS) $(HAS_STUBS) $(HAS_PROJECT)

demo: setup
	@$(VENV)/bin/envrules demo

editions: setup
	@$(VENV)/bin/envrules read --all --out build/editions

bench: setup $(HAS_BENCH)
	@$(PY) -m benchmarks

check: lint
	@$(VENV)/bin/pytest -n $(JOBS) $(PYTEST_ARGS)

# What is tested is what is shipped: pytest runs in an environment that has the wheel and no source
# tree, and its closing line ends the output.
test: lint wheel $(WHEEL_ENV)
	@echo '== install the wheel'
	@$(WHEEL_PY) $(INSTALL_OURS) --force-reinstall dist/envrules-*.whl $(addprefix ./,$(CONTRIB))
	@$(WHEEL_PY) -m pip check
	@echo '== test the wheel'
	@ENVRULES_TESTS_WHEEL=1 $(WHEEL_VENV)/bin/pytest -n $(JOBS) $(PYTEST_ARGS)

lint: setup
	@echo '== lint'
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check --quiet
	@$(VENV)/bin/mypy $(CODE)
	@$(VENV)/bin/buf lint
	@$(VENV)/bin/buf breaking --against $(RELEASED)

format: setup
	@$(VENV)/bin/ruff check --fix
	@$(VENV)/bin/ruff format

schema: setup
	@$(VENV)/bin/envrules schema >rulesets/ruleset.schema.json

# The part of a release that concerns the API: no comments, as they may change.
released: setup
	@$(VENV)/bin/buf build --exclude-source-info -o $(RELEASED)

# By way of the sdist, so that the sdist is proven complete as well.
wheel: setup
	@echo '== build sdist and wheel'
	@rm -rf dist
	@$(PY) -m build --no-isolation --outdir dist . >build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log

clean:
	rm -rf $(VENV) $(WHEEL_VENV) dist build build.log src/envrules/v1
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up, step by step ------------------------------------------------------------------------

# pip comes last into a new environment: where it is, the environment is whole.
$(VENV)/bin/pip $(WHEEL_VENV)/bin/pip:
	@command -v $(firstword $(CC)) >/dev/null || { echo >&2 \
	    'envrules needs a C compiler (durable-rules): $(firstword $(CC)) is not on PATH'; exit 1; }
	@python=$$(sh tools/find_python.sh); echo "== $(@D:/bin=): $$python"; \
	    "$$python" -m venv $(@D:/bin=)

$(HAS_TOOLS): | $(VENV)/bin/pip
	@echo '== $(VENV): pinned packages'
	@$(PY) $(INSTALL) -r requirements/build.txt
	@$(PY) $(INSTALL) -r requirements/dev.txt
	@rm -f $(VENV)/.has-tools-* && touch $@

$(HAS_STUBS): | $(HAS_TOOLS)
	@echo '== src/envrules/v1: stubs'
	@$(PY) tools/gen_proto.py
	@rm -f src/envrules/v1/.made-* && touch $@

$(HAS_PROJECT): | $(HAS_TOOLS) $(HAS_STUBS)
	@echo '== $(VENV): envrules and contrib/, editable'
	@$(PY) $(INSTALL_OURS) $(addprefix -e ./,. $(CONTRIB))
	@rm -f $(VENV)/.has-project-* && touch $@

$(HAS_BENCH): | $(HAS_TOOLS)
	@echo '== $(VENV): benchmark peers'
	@$(PY) $(INSTALL) -r requirements/bench.txt
	@rm -f $(VENV)/.has-bench-* && touch $@

$(WHEEL_ENV): | $(WHEEL_VENV)/bin/pip
	@echo '== $(WHEEL_VENV): pinned packages'
	@$(WHEEL_PY) $(INSTALL) -r requirements/build.txt
	@$(WHEEL_PY) $(INSTALL) -r requirements/test.txt
	@rm -f $(WHEEL_VENV)/.has-tools-* && touch $@
