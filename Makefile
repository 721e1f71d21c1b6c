# A fresh clone needs only Python (3.10 or newer) and make: each target first installs what it lacks into .venv.
# Works with GNU make 3.81 (macOS). On Windows: make in Git Bash (make and sh in the PATH).
#
#   make lab        open the notebooks in JupyterLab
#   make course     run every notebook and write an index page to build/course/
#   make test       run all tests that need no GPU
#   make test-gpu   run the tests marked gpu and every notebook on the GPU; fails without a GPU
#   make test-classroom   rehearse a class: widgets in a browser (Chromium), Colab, Binder, a hub, a kit, graders
#   make bench      measure speed, as ratios to the usual alternatives
#   make editions   write the student's and the teacher's course to build/, each as a folder and a zip
#   make assignment   write a homework to build/assignment/, for colorlib grade, nbgrader and Otter-Grader
#   make kit        write build/kit/: course, packages and data, to install and run without a network
#   make site       write build/site/: notebooks, results and guide as pages to read, and slides of the figures
#   make train-gpu  train what the results lack on a GPU, for MINUTES; then pack it in build/
#   make results    write results/README.md from the records
#   make lint       check the style of the code (ruff)
#   make clean      remove .venv and everything that was built; trained models stay (build/trained, build/runs)
#
# Variables, with their default values:
#
#   PROFILE=quick   size of the runs of make course: smoke, quick, lesson or full
#   DATA=auto       data of make course: auto, cifar10, fruits, photos or "folder:PATH"
#   DEVICE=auto     device of make course: auto, cpu, cuda or mps
#   MINUTES=6       how long make train-gpu trains
#   WORKERS=2       processes of make test and make test-classroom, each of up to 2 GB
#   PYTHON=python3  the Python that the environment is made with
#   VENV=.venv      the folder of the environment
#   SITE_PACKAGES=  1: build on the packages of that Python and keep its torch (2.6 or newer).
#                   constraints.txt is then not used, since it pins another torch.
#   LAB=            options of JupyterLab
#   EDITIONS=       options of make editions, such as --no-outputs
#   KIT=            further options of pip for make kit
#   ONLY=           options of pytest for make test-classroom, such as "-k upload"

PROFILE ?= quick
DATA    ?= auto
DEVICE  ?= auto
MINUTES ?= 6
WORKERS ?= 2
VENV    ?= .venv

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN    := $(VENV)/Scripts
else
PYTHON ?= python3
BIN    := $(VENV)/bin
endif

# Paths are quoted for the shell; in the names of targets, make wants a backslash before a space.
EMPTY :=
SPACE := $(EMPTY) $(EMPTY)

FOUND_SITE_PACKAGES := $(shell sed -n 's/^include-system-site-packages = //p' "$(VENV)/pyvenv.cfg" 2>/dev/null)
ifeq ($(FOUND_SITE_PACKAGES),true)
SITE_PACKAGES ?= 1
endif
ifeq ($(strip $(SITE_PACKAGES))$(FOUND_SITE_PACKAGES),1false)
ifneq ($(MAKECMDGOALS),clean)
$(error $(VENV) was made without SITE_PACKAGES=1: choose another folder with VENV=.venv-site, or run "make clean" first)
endif
endif

ifeq ($(strip $(SITE_PACKAGES)),1)
VENV_FLAGS  := --system-site-packages
CONSTRAINTS :=
else
VENV_FLAGS  :=
CONSTRAINTS := -c constraints.txt
endif

# In a kit (make kit) the packages lie in wheels/; pip then uses no network.
WHEELS :=
ifneq ($(wildcard wheels/check.py),)
WHEELS := --no-index --find-links wheels
endif

RUN     := "$(BIN)/python"
INSTALL := $(RUN) -m pip install --disable-pip-version-check --progress-bar off $(CONSTRAINTS) $(WHEELS)
STAMP   := $(subst $(SPACE),\ ,$(VENV))/installed

.PHONY: help lab course test test-gpu test-classroom bench train-gpu results editions assignment kit site lint clean setup setup-dev

help:
	@sed -n 's/^#   //p' Makefile

$(STAMP)-python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10) and "colorlib needs Python 3.10 or newer, and PYTHON=$(PYTHON) is %d.%d. Choose another one: make PYTHON=python3.11 ..." % sys.version_info[:2])'
	@test ! -f wheels/check.py || "$(PYTHON)" wheels/check.py
	"$(PYTHON)" -m venv $(VENV_FLAGS) "$(VENV)"
	@touch "$@"

$(STAMP)-course: pyproject.toml constraints.txt | $(STAMP)-python
	$(INSTALL) -e ".[course]"
	@touch "$@"

$(STAMP)-pages: pyproject.toml constraints.txt | $(STAMP)-python
	$(INSTALL) -e ".[course,pages]"
	@touch "$(VENV)/installed-course" "$@"

$(STAMP)-dev: pyproject.toml constraints.txt | $(STAMP)-python
	$(INSTALL) -e ".[course,dev]"
	@touch "$(VENV)/installed-course" "$(VENV)/installed-pages" "$@"

setup: $(STAMP)-course
setup-dev: $(STAMP)-dev

lab: $(STAMP)-course
	$(RUN) -m jupyter lab --notebook-dir notebooks $(LAB)

# The quotes let DATA="folder:my pictures" contain a space.
course: $(STAMP)-course
	$(RUN) -m tools run --profile "$(PROFILE)" --data "$(DATA)" --device "$(DEVICE)"

# An edition or a kit is only a part of the course: there, these targets end with a message.
.PHONY: whole-tests whole-benchmarks
whole-tests whole-benchmarks:
	@test -d $(@:whole-%=%) || { echo 'There is no folder $(@:whole-%=%)/ here: this is an edition of the course, or a kit. "make $(MAKECMDGOALS)" belongs to the whole course.'; exit 1; }

# Two workers, since most tests use one thread; the tests of one class or file stay together and share what they made.
test: whole-tests $(STAMP)-dev
	$(RUN) -m pytest -n $(WORKERS) --dist loadscope

test-gpu: whole-tests $(STAMP)-dev
	$(RUN) -m pytest --gpu

test-classroom: whole-tests $(STAMP)-dev
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile -m classroom tests/classroom tests/system/test_colab.py $(ONLY)

bench: whole-benchmarks $(STAMP)-dev
	$(RUN) -m colorlib bench

train-gpu: $(STAMP)-course
	$(RUN) -m colorlib train --missing --minutes $(MINUTES) --device cuda
	$(RUN) -m tools pack

results: $(STAMP)-course
	$(RUN) -m colorlib results

site: $(STAMP)-pages
	$(RUN) -m tools site

editions: $(STAMP)-course
	$(RUN) -m tools editions $(EDITIONS)

assignment: $(STAMP)-course
	$(RUN) -m tools assignment

kit: $(STAMP)-course
	$(RUN) -m tools kit -- $(KIT)

lint: $(STAMP)-dev
	$(RUN) -m ruff check .

clean:
	rm -rf "$(VENV)" dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find build -mindepth 1 -maxdepth 1 ! -name trained ! -name runs -exec rm -rf {} + 2>/dev/null || true
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
