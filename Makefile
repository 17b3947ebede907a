# The two commands: `make demo` and `make test`. All is set up in .venv; nothing is installed elsewhere.
# A set-up is done again when pyproject.toml or labextension/ changes; `make clean` starts from nothing.

VENV := .venv
BIN := $(VENV)/bin
# Another Python than the newest that is found, and more arguments for JupyterLab (LAB_ARGS=--no-browser).
PYTHON ?=
LAB_ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lab lint format pictures clean

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: $(VENV)/.demo ## run the quickstart notebook, print its key results, write build/demo/quickstart.html
	@$(BIN)/python scripts/demo.py

test: lint ## run all checks and all tests
	@scripts/get-chromium >/dev/null || test -z "$$CI" # without it the browser tests are skipped, but never on CI
	@$(BIN)/pytest

lint: $(VENV)/.test ## check style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.test ## lay the code out and repair what can be repaired
	@$(BIN)/ruff check --fix --exit-zero
	@$(BIN)/ruff format

lab: $(VENV)/.lab ## open JupyterLab on the examples
	@JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter lab $(LAB_ARGS) examples/notebooks/quickstart.ipynb

pictures: $(VENV)/.test ## take the pictures in docs/notebook.md anew
	@scripts/get-chromium >/dev/null
	@$(BIN)/python scripts/screenshots.py

clean: ## remove the virtual environment and all that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find mars_nb tests examples scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: one stamp for each of the dependency groups in pyproject.toml --------------------------------------------

$(VENV)/.made:
	@python=$$(PYTHON="$(PYTHON)" scripts/find-python) && \
	echo "making $(VENV) with $$python" && \
	rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.demo $(VENV)/.test $(VENV)/.lab: $(VENV)/.%: $(VENV)/.made pyproject.toml $(wildcard labextension/*.js*)
	@echo "installing into $(VENV) what 'make $*' needs (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable . --group $*
	@touch $@
