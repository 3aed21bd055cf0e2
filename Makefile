# Everything here works with nothing but Python 3.11, make and a package index; each target makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PORT
MANAGE := $(BIN)/python manage.py

.PHONY: run test check long bench format messages lock clean

run: $(VENV)/run translations ## Set up, load the demo into an empty database, serve with worker and beat
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@$(MANAGE) demo --if-empty
	@exec $(MANAGE) serve

test: $(VENV)/dev translations ## Run the whole test suite on the embedded default
	$(BIN)/pytest -n auto --dist loadgroup $(TESTS)

check: $(VENV)/dev ## Format, lint, types, import chain, missing migrations, templates
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	$(MANAGE) check --fail-level WARNING
	$(BIN)/djlint --lint templates

long: $(VENV)/dev ## The long settings of kill, race and property tests
	HYPOTHESIS_PROFILE=long HANDOFF_LONG=1 $(BIN)/pytest tests -m "processes or races or long or properties" $(TESTS)

bench: $(VENV)/dev ## Measure work and pages beside bare PostgreSQL: SCALE=0.1, ONLY=rescore, FRESH=1 (docs/benchmarks.md)
	@SCALE="$(SCALE)" ONLY="$(ONLY)" FRESH="$(FRESH)" $(BIN)/python -m tests.benchmarks

format: $(VENV)/dev ## Put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(VENV)/dev ## Collect the texts to translate (needs GNU gettext)
	$(MANAGE) makemessages --all --no-location --ignore .venv --ignore var

translations: $(VENV)/run
	@$(BIN)/pybabel --quiet compile --directory handoff/locale --domain django

lock: $(VENV)/dev ## Pin the dependencies anew, with hashes
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --quiet --upgrade --output-file requirements.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-header --quiet --constraint requirements.txt --output-file requirements-dev.txt

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: requirements.txt | $(VENV)/bin/python
	@if [ ! -f $(VENV)/dev ] || [ requirements.txt -nt $(VENV)/dev ]; then $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; fi
	@touch $@

$(VENV)/dev: requirements-dev.txt | $(VENV)/bin/python
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

clean: ## Remove what was installed and the caches; the data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis
