# `make run` does the main job, `make test` passes the tests; each makes its own environment first.
PYTHON ?= python3
BIN := .venv/bin
WORKSPACE ?= workspace
DEMO ?= demo
DAYS ?= 14
WORKERS ?= 2

export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
# Else each of the many processes that the tests start compiles all that it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test quick bench demo lint notebook schedule lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1\t/p' $(MAKEFILE_LIST) | expand -t 12

run:  ## one nightly run over this machine's own logs, in ./workspace
	@PYTHON=$(PYTHON) scripts/setup run
	@test -f $(WORKSPACE)/breachwatch.toml || $(BIN)/breachwatch init $(WORKSPACE)
	@$(BIN)/python -m pipelines.once --workspace $(WORKSPACE) || test $$? = 5

demo:  ## the same run over a simulated city with planted attacks, in ./demo
	@PYTHON=$(PYTHON) scripts/setup run
	@test -f $(DEMO)/breachwatch.toml || { \
	  $(BIN)/breachwatch simulate $(DEMO)/city --days $(DAYS) --seed 7 && \
	  $(BIN)/breachwatch init $(DEMO) --name "Port Alder" --time-zone America/Chicago --sources $(DEMO)/city/sources.toml; }
	@$(BIN)/python -m pipelines.once --workspace $(DEMO) --night 2026-11-22 || test $$? = 5

test:  ## all tests, the slow ones too
	@PYTHON=$(PYTHON) scripts/setup dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(PYTEST_ARGS)

quick:  ## the fast tests only
	@PYTHON=$(PYTHON) scripts/setup dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow and not prefect" $(PYTEST_ARGS)

bench:  ## measure the stages of a run, the public rules, and detection beside its peers (see benchmarks/README.md)
	@PYTHON=$(PYTHON) scripts/setup dev
	@$(BIN)/python -m benchmarks.nightly
	@$(BIN)/python -m benchmarks.rules
	@$(BIN)/python -m benchmarks.detect

lint:  ## formatter, linter, types, import direction
	@PYTHON=$(PYTHON) scripts/setup dev
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

notebook:  ## open the notebooks on ./demo (or WORKSPACE=...)
	@PYTHON=$(PYTHON) scripts/setup dev
	@BREACHWATCH_WORKSPACE=$(abspath $(DEMO)) $(BIN)/jupyter lab notebooks

schedule:  ## serve the nightly schedule of ./workspace until stopped
	@PYTHON=$(PYTHON) scripts/setup run
	@$(BIN)/breachwatch --workspace $(WORKSPACE) schedule

lock:  ## renew the locks (needs uv)
	@scripts/lock

clean:  ## remove the environment and caches, keep workspaces
	@rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
