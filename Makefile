# The two commands: `make demo` and `make test`. All is set up in .venv; nothing is installed elsewhere.
# A set-up is done again when pyproject.toml changes, and labextension/ is built again when it changes; `make clean` starts
# from nothing.

VENV := .venv
BIN := $(VENV)/bin
# yarn in labextension/, with the Node.js of PyPI
JLPM := cd labextension && PATH="$(CURDIR)/$(BIN):$$PATH" jlpm
NODE_MODULES := labextension/node_modules/.yarn-state.yml
# Another Python than the newest that is found, and more arguments for JupyterLab (LAB_ARGS=--no-browser).
PYTHON ?=
LAB_ARGS ?=

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lab lint format pictures api clean

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: $(VENV)/.demo ## run the quickstart notebook, print its key results, write build/demo/quickstart.html
	@$(BIN)/python scripts/demo.py

test: lint $(VENV)/.linked ## run all checks and all tests
	@$(JLPM) test
	@scripts/get-chromium >/dev/null || test -z "$$CI" # without it the browser tests are skipped, but never on CI
	@$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

lint: $(VENV)/.test $(NODE_MODULES) ## check style, types and layers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(JLPM) lint

format: $(VENV)/.test $(NODE_MODULES) ## lay the code out and repair what can be repaired
	@$(BIN)/ruff check --fix --exit-zero
	@$(BIN)/ruff format
	@$(JLPM) format

lab: $(VENV)/.lab $(VENV)/.linked ## open JupyterLab on the examples
	@JUPYTER_PREFER_ENV_PATH=1 $(BIN)/jupyter lab $(LAB_ARGS) examples/notebooks/quickstart.ipynb

pictures: $(VENV)/.test $(VENV)/.linked ## take the pictures of docs/ anew
	@scripts/get-chromium >/dev/null
	@$(BIN)/python scripts/screenshots.py

api: $(VENV)/.test ## write docs/api.md anew: how each name of pandas and numpy works on many chunks
	@$(BIN)/python scripts/api_table.py

clean: ## remove the virtual environment and all that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf labextension/node_modules labextension/.yarn labextension/lib labextension/*.tsbuildinfo mars_nb/labextension
	find mars_nb tests examples scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# --- set-up: one stamp for each of the dependency groups in pyproject.toml --------------------------------------------

$(VENV)/.made:
	@python=$$(PYTHON="$(PYTHON)" scripts/find-python) && \
	echo "making $(VENV) with $$python" && \
	rm -rf $(VENV) && "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.demo $(VENV)/.test $(VENV)/.lab $(VENV)/.labextension: $(VENV)/.%: $(VENV)/.made pyproject.toml
	@echo "installing into $(VENV) what 'make $*' needs (a minute or two the first time)"
	@HATCH_BUILD_NO_HOOKS=true $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --editable . --group $*
	@touch $@

# --- the extension of JupyterLab: built into mars_nb/labextension/, which is linked to where JupyterLab looks ----------

$(NODE_MODULES): labextension/package.json labextension/yarn.lock labextension/.yarnrc.yml | $(VENV)/.labextension
	@echo "installing into labextension/node_modules what builds and checks it (half a minute or more the first time)"
	@said=$$($(JLPM) install --immutable 2>&1) || { echo "$$said"; exit 1; }
	@touch $@

mars_nb/labextension/install.json: $(NODE_MODULES) $(wildcard labextension/*.json) \
		$(shell find labextension/src labextension/style labextension/schema -type f)
	@echo "building labextension/"
	@said=$$($(JLPM) build:prod 2>&1) || { echo "$$said"; exit 1; }

$(VENV)/.linked: mars_nb/labextension/install.json | $(VENV)/.labextension
	@$(BIN)/jupyter-builder develop --overwrite . >/dev/null
	@touch $@
