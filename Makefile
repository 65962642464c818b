PYTHON ?= python3
SECONDS = 600
PIP = .venv/bin/python -m pip --disable-pip-version-check --no-input
COMPILE = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes pyproject.toml

.PHONY: setup demo up test test-postgres chaos check audit bench bench-check screenshots dashboard format histories lock clean

## Everything else sets itself up.
setup: .venv/.ready

.venv/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Slotkeeper needs Python 3.11 or newer; name one: make demo PYTHON=python3.11")'
	@echo "Setting up .venv, once; it takes about a minute:"
	@$(PYTHON) -m venv .venv
	@{ $(PIP) install --require-hashes -r requirements-dev.lock 2>.venv/.complaints; echo $$? > .venv/.status; } | \
	  while read -r step what rest; do case "$$step" in \
	    Collecting) printf '\r  fetching %-48s' "$$what" ;; \
	    Installing) printf '\r  installing, half a minute more %-26s\n' '' ;; \
	  esac; done
	@status=$$(cat .venv/.status); [ "$$status" = 0 ] || cat .venv/.complaints; exit $$status
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

## The incident, replayed on the whole embedded stack.
demo: setup
	@.venv/bin/python -m simulator demo

## The same stack, staying up.
up: setup
	@.venv/bin/python -m simulator up

## Every test: most of them one beside another, one for each core, then those that need the machine for themselves.
test: setup
	@.venv/bin/python -m pytest -n logical --dist worksteal -m "not alone"; beside=$$?; \
	  .venv/bin/python -m pytest -m alone && exit $$beside

## Every test that needs a database, on PostgreSQL; DATABASES=sqlite make test leaves PostgreSQL out.
test-postgres: setup
	@DATABASES=postgresql $(MAKE) --no-print-directory test

## Calls while everything dies: make chaos SECONDS=600 SEED=7.
chaos: setup
	@.venv/bin/python -m tests.chaos --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory audit

## Known vulnerabilities of what the lock files pin; says so where nobody could be asked.
audit: setup
	@.venv/bin/python -m deploy.audit

## Every measurement, onto docs/performance.md and into bench.json; some of them: make bench FAMILIES="turns holds".
bench: setup
	@.venv/bin/python -m bench $(FAMILIES)

## Whether ours has grown slower beside the plain baseline; some minutes of a machine that does nothing else.
bench-check: setup
	@.venv/bin/python -m bench.check

## The pictures of the console in docs/images/, taken with a browser while calls are played.
screenshots: setup
	@.venv/bin/python -m bench.screenshots

## Grafana's dashboard, from the list of metrics.
dashboard: setup
	.venv/bin/python -m deploy.grafana

format: setup
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

## Record the golden histories anew, after a change that calls in progress need not survive.
histories: setup
	.venv/bin/python -m tests.replay.record

## Pin anew what pyproject.toml names.
lock: setup
	$(COMPILE) --extra tracing --output-file requirements.lock
	$(COMPILE) --all-extras --group dev --output-file requirements-dev.lock

clean:
	rm -rf .venv .data build *.egg-info
