# make run        the demo, on port 8000 (make run PORT=8001 for another one); it prints its address
# make check      lint, types and the suite on SQLite, while you work
# make test       everything: lint, types, import rules, the suite on SQLite and PostgreSQL, browser tests
# make benchmark  figures as JSON (make benchmark NAME=calls for one of them; NAME=schemas FOLDER=… for tools of others)
# make format     the code and the templates as lint wants them
# make install    the environment in .venv, with everything that running needs

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8000
NAME ?= all
# Two jobs at once, each of which prints what it says when it is done. The longest goes first.
AT_ONCE := $(MAKE) --no-print-directory --jobs 2 --output-sync=target

.PHONY: install run check test benchmark lint types suite-sqlite suite-postgres browser format

install: .venv/.installed

.venv/.installed: requirements.lock
	tests/system.sh python "$(PYTHON)"
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

.venv/.installed-tests: .venv/.installed requirements-test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	touch $@

run: install
	$(BIN)/python manage.py run --port $(PORT)

check: .venv/.installed-tests
	tests/system.sh suite
	$(AT_ONCE) suite-sqlite types lint

test: .venv/.installed-tests
	tests/system.sh suite browser
	$(AT_ONCE) browser suite-postgres suite-sqlite types lint

lint: .venv/.installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djangofmt --check templates
	$(BIN)/djade --target-version 5.2 --check $$(git ls-files 'templates/*.html')
	$(BIN)/lint-imports --no-cache
	DATA_DIR=$$(mktemp -d) $(BIN)/python manage.py makemigrations --check --dry-run

types: .venv/.installed-tests
	$(BIN)/mypy kasilabs plugins installations grants bridges tests manage.py

suite-sqlite: .venv/.installed-tests
	$(BIN)/pytest -n 2 --dist loadfile -m "not browser"

suite-postgres: .venv/.installed-tests
	$(BIN)/python -m tests.support.postgres $(BIN)/pytest -n 2 --dist loadfile -m "not browser and not no_database"

browser: .venv/.installed-tests
	$(BIN)/pytest -m browser

benchmark: .venv/.installed-tests
	tests/system.sh suite browser
	$(BIN)/python -m tests.benchmarks $(NAME) $(if $(FOLDER),--folder "$(FOLDER)")

format: .venv/.installed-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djangofmt templates
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')
