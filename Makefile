# Warmline: `make help` is the table of contents.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
ENV ?= staging
export WARMLINE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/warmline
export WARMLINE_STATE ?= $(or $(XDG_STATE_HOME),$(HOME)/.local/state)/warmline

VENV := $(WARMLINE_CACHE)/venv-$(shell sha256sum $(ROOT)/requirements.txt | cut -c1-12)
BENCH_VENV := $(WARMLINE_CACHE)/bench-venv-$(shell sha256sum $(ROOT)/tests/bench/requirements.txt | cut -c1-12)
CONFORMANCE_VENV := $(WARMLINE_CACHE)/conformance-venv-$(shell sha256sum $(ROOT)/tests/conformance/requirements.txt | cut -c1-12)
LOAD_VENV := $(WARMLINE_CACHE)/load-venv-$(shell sha256sum $(ROOT)/tests/load/requirements.txt | cut -c1-12)
FUZZ_VENV := $(WARMLINE_CACHE)/fuzz-venv-$(shell sha256sum $(ROOT)/tests/fuzz/requirements.txt | cut -c1-12)
DRAWING := $(WARMLINE_CACHE)/boards-drawing-$(shell cat $(ROOT)/dashboards/pictures/{bundle,board.jsx,package-lock.json} | sha256sum | cut -c1-12)
BOARDS_VENV := $(WARMLINE_CACHE)/boards-venv-$(shell sha256sum $(ROOT)/dashboards/requirements.txt | cut -c1-12)
export PATH := $(VENV)/bin:$(PATH)
export PYTHONPATH := $(ROOT)/agent
export ANSIBLE_CONFIG := $(ROOT)/ansible/ansible.cfg

# What changes a fleet gives its lock back however it ends.
ROLLOUT = $(ROOT)/ansible/bin/rollout $(ENV) $(INVENTORY) $(STATE)
INVENTORY := $(ROOT)/ansible/inventories/$(ENV)/hosts.yml
ifeq ($(wildcard $(INVENTORY)),)
$(error There is no $(INVENTORY). ENV may be one of: $(notdir $(wildcard $(ROOT)/ansible/inventories/*)))
endif
PLAYBOOK := ansible-playbook --inventory $(INVENTORY)
# Staging's hosts are containers here: what a deploy waits for is this machine's cores (docs/decisions/0029).
ifeq ($(ENV),staging)
export ANSIBLE_STRATEGY ?= warmline_quick
export ANSIBLE_DEPRECATION_WARNINGS ?= false
endif
PLAIN := ANSIBLE_STRATEGY=linear
PLAYBOOKS := $(ROOT)/ansible
STATE := $(WARMLINE_STATE)/$(ENV)
# Exported, so that no quote in them ever meets the shell.
export TEXT ?= What is knee pain?
export AGENT ?= reception
export ORGANISATION ?= sahyadri
export KNOWLEDGE ?=
URL ?=
MINUTES ?= 15
export CLIENT ?=
export SESSION ?=
export WORKERS ?=
export HOST ?=
# What vouches for the edge, where its certificate was made here.
CA = $(addprefix --ca-file ,$(wildcard $(STATE)/tls/ca.pem))
export KEY_FILE ?= $(STATE)/keys/$(ORGANISATION)
export SLOT ?=
export LOG_LINES ?= 50
# What cannot be undone asks first, or wants YES=1.
define sure
@if [[ "$(YES)" != 1 ]]; then \
  if [[ -t 0 ]]; then read -rp "$(1) Go on? [y/N] " answer && [[ "$$answer" == [yY] ]]; \
  else echo "$(1) If that is meant, say YES=1." >&2; exit 1; fi; fi
endef
# A deploy takes longer than what pytest takes for a hang; each test has a limit of its own.
SLOW := -o faulthandler_timeout=0
PROFILE ?= low_traffic
USERS ?= 100
SECONDS ?= 60
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
  --custom-compile-command "make lock"

.PHONY: help
help:
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@printf '\nENV=%s names the inventory: ansible/inventories/%s. Settings are in its group_vars, those of the workers as\n' '$(ENV)' '$(ENV)'
	@printf 'agent_settings: {cache_rag_ttl: 600}; after a change: make plan, make deploy. More: docs/operate/operations.md\n'

##@ Deploy
.PHONY: deploy plan ask fleet-down
deploy: control images ## create the fleet where its hosts are containers, provision it, show that it answers
	$(ROLLOUT) $(PLAYBOOKS)/deploy.yml
	@[[ ! -e $$KEY_FILE ]] || $(MAKE) ask
	@echo && cat $(STATE)/handover.txt

plan: control images ## show what a deploy would change, change nothing
	$(PLAYBOOK) $(PLAYBOOKS)/deploy.yml --check --diff

ask: venv ## ask the fleet, cold and warm: TEXT="..." AGENT=reception ORGANISATION=sahyadri or KEY_FILE=...
	@printf '\n\033[1mDoes it answer? First cold, then warm.\033[0m\n'
	@[[ -e $$KEY_FILE ]] || { echo "There is no API key in $$KEY_FILE: name a file that holds one with make ask KEY_FILE=..." >&2; exit 1; }
	@python -m warmline probe --url "$$(cat $(STATE)/edge_url)" $(CA) --agent "$$AGENT" --key-file "$$KEY_FILE" --question "$$TEXT"

.PHONY: rollback scale drain undrain backup restore unlock
rollback: venv ## go back to the release before the latest deploy; again: forth
	$(ROLLOUT) $(PLAYBOOKS)/rollback.yml

scale: venv ## have WORKERS=8 workers in all, until the inventory's own number changes
	$(ROLLOUT) $(PLAYBOOKS)/scale.yml

drain: venv ## take HOST=agent-1 out of service: its callers go elsewhere, its conversations end or move
	$(ROLLOUT) $(PLAYBOOKS)/drain.yml

undrain: venv ## take HOST=agent-1 back into service
	$(ROLLOUT) $(PLAYBOOKS)/undrain.yml

BACKUP_FOLDER ?= $(WARMLINE_STATE)/backups
backup: venv ## secrets, keys, the order of slots and the monitors' data into one file: BACKUP=... names it
	@mkdir -p -m 700 $(BACKUP_FOLDER)
	@export BACKUP='$(or $(BACKUP),$(BACKUP_FOLDER)/$(ENV)-$(shell date -u +%Y%m%dT%H%M%SZ).tar.gz)' && \
	  $(PLAYBOOK) $(PLAYBOOKS)/backup.yml && echo "backup: $$BACKUP"

restore: venv ## put BACKUP=... back, then deploy; YES=1
	@[[ -n '$(BACKUP)' ]] || { echo "Say which: make restore BACKUP=file" >&2; exit 1; }
	$(call sure,This replaces the secrets of $(ENV) and what its monitors have measured.)
	BACKUP='$(BACKUP)' $(PLAYBOOK) $(PLAYBOOKS)/restore.yml
	@$(MAKE) deploy

unlock: venv ## break the lock of a run that died; YES=1
	$(call sure,Another run may be changing $(ENV) at this moment.)
	@$(PLAYBOOK) $(PLAYBOOKS)/unlock.yml --extra-vars unlock_anyway=true

.PHONY: status logs
status: venv ## a table: slots, colours, releases, sessions, hit ratios, health; who has the lock, what a rollback goes to
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/status.yml >$(STATE)/status.log || { cat $(STATE)/status.log; exit 1; }
	@cat $(STATE)/status.txt

logs: venv ## the last lines of every worker, or of SLOT=agent-1/1: LOG_LINES=50
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/logs.yml >$(STATE)/logs.log || { cat $(STATE)/logs.log; exit 1; }
	@cat $(STATE)/logs.txt

.PHONY: warm forget
warm: venv ## fill every worker's caches now, as at its start
	$(PLAYBOOK) $(PLAYBOOKS)/warm.yml

forget: venv ## have every worker forget all it keeps of ORGANISATION=..., or with KNOWLEDGE=1 the knowledge answers alone
	@[[ '$(origin ORGANISATION)' != file ]] || { echo "Say whose: make forget ORGANISATION=name" >&2; exit 1; }
	$(PLAYBOOK) $(PLAYBOOKS)/forget.yml

.PHONY: where
where: venv ## which slot a client gets: CLIENT=203.0.113.7, or SESSION=... where affinity is by session
	@$(PLAYBOOK) $(PLAYBOOKS)/where.yml

fleet-down: venv ## remove the containers, network, keys and secrets of ENV, and nothing else; YES=1
	$(call sure,This removes the hosts of $(ENV) with all that they hold.)
	$(PLAYBOOK) $(PLAYBOOKS)/fleet_down.yml

##@ Test
.PHONY: test test-long test-static test-unit test-boards test-integration test-conformance test-fuzz test-fleet test-long-model test-long-search test-long-fleet test-upgrade lint
test: test-static test-unit test-boards test-integration test-conformance test-fuzz test-fleet ## everything: what needs no fleet, then the fleet's own tests

test-static: venv ## linters, types, and the tree's own rules
	cd $(ROOT) && pytest tests/static
lint: test-static

test-unit: venv ## what needs no server: units, interleavings in virtual time, models; a minute
	cd $(ROOT) && pytest --numprocesses auto tests/unit tests/interleavings tests/model

test-integration: control-test ## stores, workers, simulators and nginx against real servers on loopback
	cd $(ROOT) && pytest --numprocesses auto --dist loadfile tests/contract tests/integration

test-boards: boards-venv ## boards, rules and alerts against the metrics that exist; in an environment of their own, 10 s
	cd $(ROOT) && $(BOARDS_VENV)/bin/python -m pytest tests/boards

test-conformance: ## the providers' official clients against the simulators, in an environment of their own
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/conformance/requirements.txt $(CONFORMANCE_VENV)
	cd $(ROOT) && $(CONFORMANCE_VENV)/bin/python -m pytest tests/conformance

test-fuzz: control-test ## every HTTP endpoint against requests made from its OpenAPI document; a minute
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/fuzz/requirements.txt $(FUZZ_VENV)
	cd $(ROOT) && $(FUZZ_VENV)/bin/python -m pytest tests/fuzz

test-fleet: control-test deploy ## the staging fleet over SSH and through its edge
	cd $(ROOT) && pytest $(SLOW) tests/fleet

.PHONY: test-grafana
test-grafana: control-test deploy ## a real Grafana of the fleet, asked every query of every board; needs its image
	cd $(ROOT) && WARMLINE_GRAFANA=required pytest tests/fleet/test_grafana.py

test-long: test-long-model test-long-search test-long-fleet ## what takes longer than `make test` may; 65 min

test-long-model: venv ## the invalidation protocol in larger worlds; 5 min
	cd $(ROOT) && pytest -m long --timeout 600 tests/model

test-long-search: control-test ## new examples for every property and every parser, twenty times as many; 20 min; SEED=... the same again
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/fuzz/requirements.txt $(FUZZ_VENV)
	@$(MAKE) --jobs 2 search-properties search-fuzz SEED=$(or $(SEED),$(shell date +%s))

.PHONY: search-properties search-fuzz
SEARCH = -m pytest -qq -m 'hypothesis and not long' --timeout 1200 $(SLOW) --hypothesis-profile=search --hypothesis-seed=$(SEED)
search-properties:
	@cd $(ROOT) && python $(SEARCH) tests/unit tests/interleavings tests/model

search-fuzz:
	@cd $(ROOT) && $(FUZZ_VENV)/bin/python $(SEARCH) tests/fuzz

test-long-fleet: export ANSIBLE_STRATEGY = linear
test-long-fleet: control-test deploy ## settings, scaling, draining, a reboot, a dead host, a dead Redis, under load; a backup; 35 min on two cores
	cd $(ROOT) && pytest -m long $(SLOW) tests/fleet

test-upgrade: export ANSIBLE_STRATEGY = linear
test-upgrade: ## deploy the last tag, or FROM=..., then the working tree over it, under load; YES=1: staging goes first
	$(call sure,This takes staging down and deploys it anew.)
	@$(MAKE) control-test images
	cd $(ROOT) && pytest -m long $(SLOW) tests/upgrade --from='$(FROM)'

.PHONY: incident-drill
incident-drill: venv ## incidents on staging, one after the other, and which alerts came after how long; 12 min; ONLY=Redis; YES=1
	$(call sure,This stops parts of $(ENV) on purpose.)
	@cd $(ROOT) && python -m tests.drill $(if $(ONLY),--only '$(ONLY)')

##@ Measure
.PHONY: bench-cache
bench-cache: control-test ## the cache beside its peers, in 4 minutes; QUICK=1: in 40 s; WRITE=1: into docs/results
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/bench/requirements.txt $(BENCH_VENV)
	@cd $(ROOT) && $(BENCH_VENV)/bin/python -m tests.bench $(if $(QUICK),--quick) $(if $(WRITE),--write)

.PHONY: scenario
scenario: control-test ## a conversation through nginx on loopback, cold and warm, and a thousand callers at once; 1 min
	@cd $(ROOT) && python -m tests.bench.scenario

.PHONY: evidence load bench-overhead
evidence: control-test ## what caches, stickiness and Redis give, in 11 minutes; QUICK=1: in one; WRITE=1: into docs; TRACE=file FRESH=1
	@cd $(ROOT) && python -m tests.evidence $(if $(QUICK),--quick) $(if $(WRITE),--write) $(if $(FRESH),--fresh) \
	  --profile $(PROFILE) $(if $(ROWS),--rows $(ROWS)) $(if $(TRACE),--trace '$(abspath $(TRACE))')

load: ## callers by Locust: USERS=100 SECONDS=60 against ENV's edge, or URL=... KEY_FILE=... CA_FILE=... AGENT=... QUESTIONS=...
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/load/requirements.txt $(LOAD_VENV)
	@mkdir -p $(STATE)
	@cd $(ROOT) && $(LOAD_VENV)/bin/python -m locust --locustfile tests/load/locustfile.py --headless --only-summary \
	  --users $(USERS) --spawn-rate $$(( ($(USERS) + 9) / 10 )) --run-time $(SECONDS)s --stop-timeout 10 \
	  --host "$(or $(URL),$$(cat $(STATE)/edge_url))" --key-file "$$KEY_FILE" --agent "$$AGENT" \
	  $(if $(URL),$(addprefix --ca-file ,$(CA_FILE)),$(CA)) \
	  $(if $(QUESTIONS),--questions '$(abspath $(QUESTIONS))') --html $(STATE)/load.html
	@printf '\nWhat of it is the worker itself, here and now, beside a bare endpoint:\n'
	@$(MAKE) bench-overhead
	@echo "The whole report: $(STATE)/load.html"

bench-overhead: control-test ## what the worker adds to a bare Starlette endpoint; 20 s
	@cd $(ROOT) && python -m tests.bench.overhead

##@ Build
.PHONY: control control-test control-pictures images venv boards boards-venv board-pictures lock format
control: venv ## have what this machine needs: Docker Engine, mmdebstrap, ssh
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml

control-test: venv ## have what the tests need as well: redis-server, nginx, promtool, both builders
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml --extra-vars purpose=test

control-pictures: venv
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml --extra-vars purpose=pictures

images: control ## pull or build every image of the fleet
	@printf '\033[1mImages\033[0m\n'
	@python $(ROOT)/docker/build.py build

venv: ## have the Python environment of requirements.txt
	@$(ROOT)/ansible/bin/venv $(ROOT)/requirements.txt $(VENV)

settings-page: venv ## write docs/operate/settings.md, the page of the workers' settings
	cd $(ROOT) && python -m warmline check --list > docs/operate/settings.md

boards: boards-venv ## make the boards' JSON from dashboards/boards
	cd $(ROOT) && $(BOARDS_VENV)/bin/python -m dashboards.generate

board-pictures: control-pictures ## draw every board into docs/boards from the fleet's Prometheus, or URL=http://..., and photograph its Grafana, if any; 2 min
	@$(ROOT)/dashboards/pictures/bundle $(DRAWING)
	@cd $(ROOT) && python -m dashboards.draw $(if $(URL),--url $(URL),--ssh $(STATE)/ssh_config) --bundle $(DRAWING) \
	  --minutes $(MINUTES) --into docs/boards
	@$(if $(URL)$(filter-out staging,$(ENV)),,cd $(ROOT) && python -m tests.photographs --minutes $(MINUTES) --into docs/boards/grafana)

boards-venv:
	@$(ROOT)/ansible/bin/venv $(ROOT)/dashboards/requirements.txt $(BOARDS_VENV)

lock: venv ## compile the lock files anew from pyproject.toml and agent/pyproject.toml
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --output-file agent/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group agent/pyproject.toml:simulators --output-file agent/requirements-simulators.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group agent/pyproject.toml:studies \
	  --group pyproject.toml:control --output-file requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:bench \
	  --output-file tests/bench/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:conformance \
	  --output-file tests/conformance/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:fuzz \
	  --output-file tests/fuzz/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group pyproject.toml:load --output-file tests/load/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group pyproject.toml:boards --output-file dashboards/requirements.txt

format: venv ## format Python sources
	cd $(ROOT) && ruff check --fix --quiet; ruff format

##@ Clean
.PHONY: clean engine-stop
clean: ## remove built images and the cache of wheels and environments; keeps the fleet's keys and secrets
	@python3 $(ROOT)/docker/build.py clean
	rm -rf '$(WARMLINE_CACHE)'

engine-stop: ## stop the Docker Engine, if `make` started it
	@$(ROOT)/ansible/bin/engine stop
