# Everything is installed into .venv, and only when pyproject.toml or constraints.txt has changed.

PYTHON ?= python3
# On Linux the default torch is the multi-gigabyte CUDA build; this index has the CPU one (empty: not used).
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# What a class installs; others are tried in CI: the lowest (tools/lowest.py) and the newest (/dev/null).
CONSTRAINTS ?= constraints.txt
LABARGS ?=
PYTESTARGS ?=

VENV_PYTHON = .venv/bin/python
INSTALL = $(VENV_PYTHON) -m pip --disable-pip-version-check install --constraint $(CONSTRAINTS)

.PHONY: help lab assignment test coverage mutants site slides bench refresh lint format clean
.DEFAULT_GOAL := help

help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile | expand -t 20

lab: .venv/.lab ## install what is needed, then open JupyterLab on the first lesson, in work/
	@$(VENV_PYTHON) tools/copy_lessons.py
	$(VENV_PYTHON) -m jupyterlab --ServerApp.ip=127.0.0.1 $(LABARGS) work/01_add_noise_once.ipynb

assignment: .venv/.lab ## write the exercises as homework for nbgrader, into assignment/
	@$(VENV_PYTHON) tools/assignment.py

# One thread for each of the two workers: more of them, on two cores, mostly wait for one another.
test coverage: export OMP_NUM_THREADS = 1

# In the order of the files: those in browser/, which take longest, are begun first.
test: .venv/.test ## install what is needed, then run all tests and every lesson
	$(VENV_PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTESTARGS)

# Without browser and lessons: what runs a line only to draw it says little of whether it is right.
coverage: .venv/.test ## run the unit tests, and fail below 100 % of the core or 95 % of what teaches
	$(VENV_PYTHON) -m pytest -n 2 --dist loadfile tests --ignore tests/browser --cov --cov-report=
	$(VENV_PYTHON) -m coverage report --include 'diffusion/*.py' --fail-under 100
	$(VENV_PYTHON) -m coverage report --include 'diffusion/teaching/**/*.py' --fail-under 95

mutants: .venv/.mutants ## change the core, and the page's code, in small ways, to see that a test notices
	$(VENV_PYTHON) tests/mutants.py
	$(VENV_PYTHON) tests/mutants_page.py

site: .venv/.docs ## build the site, and the slides in it, into docs/_build/site (needs npm)
	cd tools && ../$(VENV_PYTHON) -m publish site

slides: .venv/.docs ## build the slides alone into docs/_build/slides (needs npm)
	cd tools && ../$(VENV_PYTHON) -m publish slides

bench: .venv/.test ## measure everything, into docs/pages/measurements.md (needs Chromium)
	$(VENV_PYTHON) benchmarks

refresh: .venv/.test ## run the lessons from top to bottom and store their outputs
	$(VENV_PYTHON) tools/refresh.py

lint: .venv/.test ## check style and formatting, notebooks included
	$(VENV_PYTHON) -m ruff check
	$(VENV_PYTHON) -m ruff format --check

format: .venv/.test ## repair what lint reports, where that can be done safely
	$(VENV_PYTHON) -m ruff check --fix
	$(VENV_PYTHON) -m ruff format

clean: ## remove .venv and everything else that these targets made
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build *.egg-info
	rm -rf docs/_build docs/node_modules
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .ipynb_checkpoints -prune -exec rm -rf {} +

# torch comes first and alone: so no other package is looked up on the extra index, which would
# take minutes where that host can't be reached.
.venv/.lab: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo 'Python 3.11 or newer is needed and "$(PYTHON)" is not: name one, as in make lab PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo '"$(PYTHON)" cannot make virtual environments: on Debian and Ubuntu, sudo apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(if $(TORCH_INDEX),$(INSTALL) --no-deps --retries 2 --extra-index-url $(TORCH_INDEX) torch)
	$(INSTALL) --editable .
	$(VENV_PYTHON) -m jupyterlab.labextensions disable '@jupyterlab/apputils-extension:announcements' # no popup
	touch $@

.venv/.docs: .venv/.lab
	$(INSTALL) --editable '.[docs]'
	touch $@

.venv/.test: .venv/.lab
	$(INSTALL) --editable '.[test]'
	touch $@ .venv/.docs

.venv/.mutants: .venv/.test
	$(INSTALL) --editable '.[mutants]'
	touch $@
