# A fresh clone needs only Python (3.10 or newer) and make: each target first installs what it lacks into .venv.
# Works with GNU make 3.81 (macOS). On Windows: make in Git Bash (make and sh in the PATH).
#
#   make lab        open the notebooks in JupyterLab
#   make course     run every notebook and write an index page         PROFILE=smoke|quick|lesson|full
#   make test       all tests but those for a GPU
#   make test-gpu   tests marked gpu, and every notebook on the GPU; fails where there is none
#   make test-classroom   rehearsals: widgets in a real browser (Chromium), Colab, Binder, a hub, a kit
#   make bench      speed, as ratios against what one would otherwise use
#   make editions   the student's and the teacher's course, each as a folder and a zip in build/
#   make kit        a folder that installs and runs with the network off: course, packages, data; in build/kit/
#   make site       the notebooks with their stored outputs as pages to read, in build/site/
#   make results    results/README.md from the records
#   make lint       ruff
#   make clean      remove .venv and everything built, but not what was trained (build/trained, build/runs)
#
# Variables: PROFILE (quick), DATA (auto), DEVICE (auto), PYTHON (python3), VENV (.venv), LAB (options of JupyterLab),
# EDITIONS (options of make editions, such as --no-outputs), KIT (options of pip that make kit takes on top),
# ONLY (options of pytest for make test-classroom, such as -k upload).
# SITE_PACKAGES=1 makes the environment on top of the interpreter's own packages and keeps the torch that is there
# (2.6 or newer); constraints.txt is then left out, since it names one torch.

PROFILE ?= quick
DATA    ?= auto
DEVICE  ?= auto
VENV    ?= .venv

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN    := $(VENV)/Scripts
else
PYTHON ?= python3
BIN    := $(VENV)/bin
endif

FOUND_SITE_PACKAGES := $(shell sed -n 's/^include-system-site-packages = //p' $(VENV)/pyvenv.cfg 2>/dev/null)
ifeq ($(FOUND_SITE_PACKAGES),true)
SITE_PACKAGES ?= 1
endif
ifeq ($(strip $(SITE_PACKAGES))$(FOUND_SITE_PACKAGES),1false)
ifneq ($(MAKECMDGOALS),clean)
$(error $(VENV) was made without SITE_PACKAGES=1: name another place with VENV=.venv-site, or "make clean" first)
endif
endif

ifeq ($(strip $(SITE_PACKAGES)),1)
VENV_FLAGS  := --system-site-packages
CONSTRAINTS :=
else
VENV_FLAGS  :=
CONSTRAINTS := -c constraints.txt
endif

# What make kit collected: install from there, and ask no network.
WHEELS :=
ifneq ($(wildcard wheels/check.py),)
WHEELS := --no-index --find-links wheels
endif

RUN     := $(BIN)/python
INSTALL := $(RUN) -m pip install --disable-pip-version-check --progress-bar off $(CONSTRAINTS) $(WHEELS)
STAMP   := $(VENV)/installed

.PHONY: help lab course test test-gpu test-classroom bench results editions kit site lint clean setup setup-dev

help:
	@sed -n 's/^#   //p' Makefile

$(STAMP)-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "colorlib needs Python 3.10 or newer, and PYTHON=$(PYTHON) is %d.%d. Name another one: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	@test ! -f wheels/check.py || $(PYTHON) wheels/check.py
	$(PYTHON) -m venv $(VENV_FLAGS) $(VENV)
	@touch $@

$(STAMP)-course: pyproject.toml constraints.txt | $(STAMP)-python
	$(INSTALL) -e ".[course]"
	@touch $@

$(STAMP)-dev: pyproject.toml constraints.txt | $(STAMP)-python
	$(INSTALL) -e ".[course,dev]"
	@touch $(STAMP)-course $@

setup: $(STAMP)-course
setup-dev: $(STAMP)-dev

lab: $(STAMP)-course
	$(RUN) -m jupyter lab --notebook-dir notebooks $(LAB)

course: $(STAMP)-course
	$(RUN) -m tools run --profile $(PROFILE) --data $(DATA) --device $(DEVICE)

# An edition (make editions) or a kit holds a part of the course: these targets say so there.
.PHONY: whole-tests whole-benchmarks
whole-tests whole-benchmarks:
	@test -d $(@:whole-%=%) || { echo 'There is no $(@:whole-%=%)/ here: this is an edition of the course, or a kit. "make $(MAKECMDGOALS)" belongs to the whole one.'; exit 1; }

test: whole-tests $(STAMP)-dev
	$(RUN) -m pytest

test-gpu: whole-tests $(STAMP)-dev
	$(RUN) -m pytest --gpu

test-classroom: whole-tests $(STAMP)-dev
	$(RUN) -m pytest -m classroom tests/classroom tests/system/test_colab.py $(ONLY)

bench: whole-benchmarks $(STAMP)-dev
	$(RUN) -m colorlib bench

results: $(STAMP)-course
	$(RUN) -m colorlib results

site: $(STAMP)-course
	$(RUN) -m tools site

editions: $(STAMP)-course
	$(RUN) -m tools editions $(EDITIONS)

kit: $(STAMP)-course
	$(RUN) -m tools kit -- $(KIT)

lint: $(STAMP)-dev
	$(RUN) -m ruff check .

clean:
	rm -rf $(VENV) dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find build -mindepth 1 -maxdepth 1 ! -name trained ! -name runs -exec rm -rf {} + 2>/dev/null || true
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
