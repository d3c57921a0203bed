# Countersign: everything a person runs. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
PYTEST := $(PY) -m pytest
# Both processors to the end: who has nothing left takes from the other, and neighbours stay together.
IN_TWO := -n 2 --dist worksteal
# Tests that need no database or bring their own, or only ask how a door answers, say the same on every one;
# `make soak` asks all.
PURE := tests/audits/checks tests/audits/tables tests/audits/sandbox tests/governance/reports tests/governance/demo tests/browser \
	tests/governance/api tests/governance/admin tests/governance/cli tests/architecture tests/served tests/benchmarks \
	tests/governance/test_commands.py tests/stories/test_two_verifiers.py tests/audits/test_documents.py \
	$(patsubst %,tests/governance/mlflow/test_%.py,approvals comments frame) $(wildcard tests/audits/trail/test_offline*.py) \
	$(patsubst %,tests/audits/trail/test_%.py,canonical merkle notes proofs tiles) \
	$(patsubst %,tests/governance/test_%.py,decision_table deploy_checks gates policy_format) \
	$(patsubst %,tests/governance/webhooks/test_%.py,messages sending)
POSTGRES ?= postgresql:///countersign

# Compiled once, and not again by each of the many processes that the tests start.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help run demo test test-sqlite test-postgres test-mlflow test-mlflow-clients soak bench-trail bench-checks bench-governance bench-api check format lock clean

help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements.txt
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned requirements (about a minute the first time) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned development requirements (one to two minutes the first time) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

run: $(VENV)/.runtime ## Serve on http://127.0.0.1:8000 with the demo world; Ctrl-C stops everything
	@$(PY) manage.py serve --demo

demo: $(VENV)/.runtime ## Run the whole story once, headless, in a temporary place; exit 0 only if it came out as told
	@$(PY) manage.py demo

test: test-sqlite test-postgres ## Run the test suite, on SQLite and (where it answers) on PostgreSQL

test-sqlite: $(VENV)/.development
	$(PYTEST) $(IN_TWO) tests

test-postgres: $(VENV)/.development
	@if $(PY) -c "import psycopg; psycopg.connect('dbname=postgres', connect_timeout=3)" 2>/dev/null; then \
		DATABASE_URL=$(POSTGRES) $(PYTEST) $(IN_TWO) tests $(addprefix --ignore=,$(PURE)); \
	elif [ "$$CI" = true ]; then echo "PostgreSQL does not answer, and CI must not skip it." >&2; exit 1; \
	else echo "PostgreSQL does not answer here: its tests were left out."; fi

MLFLOW := .countersign/mlflow
MLFLOW_CLIENTS := $(patsubst %,$(MLFLOW)/%/.installed,server 2.9.2 2.22.4)
$(MLFLOW)/%/.installed: tests/governance/mlflow/environments/%.txt
	@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	@echo "Installing MLflow ($*) in a place of its own (about a minute) …"
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

test-mlflow: $(VENV)/.development $(MLFLOW)/server/.installed ## Ask a real MLflow server again what it answers, and compare our answers with it
	$(PY) -m tests.governance.mlflow.real_server record
	$(PY) -m tests.governance.mlflow.registry_elsewhere
	$(PYTEST) tests/governance/mlflow

test-mlflow-clients: $(VENV)/.development $(MLFLOW_CLIENTS) ## Let MLflow clients 2.9, 2.22 and 3.17 log to a real MLflow server and register here, and bring its registry over
	$(PYTEST) -m soak $(wildcard tests/served/test_*_mlflow*.py)

soak: $(VENV)/.development $(MLFLOW_CLIENTS) ## Run the long tests, and every test on PostgreSQL (hours)
	$(PYTEST) -m soak tests
	DATABASE_URL=$(POSTGRES) $(PYTEST) $(IN_TWO) -m "soak or not soak" tests

bench-trail: $(VENV)/.development ## Measure what is promised about the trail's speed (needs PostgreSQL's programs; under ten minutes)
	$(PY) -m tests.benchmarks.trail

bench-checks: $(VENV)/.development ## Measure what is promised about the speed of checks, against seven libraries (the first time it installs them)
	$(PY) -m tests.benchmarks.checks $(CHECKS)

bench-api: $(VENV)/.development ## Measure an MLflow client's requests against a real MLflow server (installs one; about ten minutes)
	$(PY) -m tests.benchmarks.api

bench-governance: $(VENV)/.development ## Measure what is promised about the speed of decisions (needs PostgreSQL's programs; a few minutes)
	$(PY) -m tests.benchmarks.governance

check: $(VENV)/.development ## Lint, types, import contracts, Django's own checks, missing migrations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy governance registry audits
	$(VENV)/bin/lint-imports
	$(PY) manage.py check --fail-level WARNING
	$(PY) manage.py makemigrations --check --dry-run

format: $(VENV)/.development ## Put every file into the house's form
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: ## Pin every requirement again, with hashes, from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --python-version 3.11 --generate-hashes --no-header -q -o requirements.txt
	uv pip compile pyproject.toml --group dev --python-version 3.11 --generate-hashes --no-header -q -o requirements-dev.txt

clean: ## Remove the environment and the data of this checkout
	rm -rf $(VENV) .countersign
