# The operators' targets. `make help` shows them; `make help-all` shows those of the included files too.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
ENV ?= staging
export WARMLINE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/warmline
export WARMLINE_STATE ?= $(or $(XDG_STATE_HOME),$(HOME)/.local/state)/warmline

VENV := $(WARMLINE_CACHE)/venv-$(shell sha256sum $(ROOT)/requirements.txt | cut -c1-12)
export PATH := $(VENV)/bin:$(PATH)
export PYTHONPATH := $(ROOT)/agent
export ANSIBLE_CONFIG := $(ROOT)/ansible/ansible.cfg

# What changes a fleet gives its lock back however it ends.
ROLLOUT = $(ROOT)/ansible/bin/rollout $(ENV) $(INVENTORY) $(STATE)
INVENTORY := $(ROOT)/ansible/inventories/$(ENV)/hosts.yml
ifeq ($(wildcard $(INVENTORY)),)
$(error There is no $(INVENTORY). ENV may be one of: $(notdir $(wildcard $(ROOT)/ansible/inventories/*)))
endif
# Where secrets are encrypted and nobody said how to read them, Ansible would say so without a name.
FOR_PEOPLE := help help-all venv clean format lint
ifneq ($(filter-out $(FOR_PEOPLE),$(MAKECMDGOALS)),)
ENCRYPTED := $(shell grep -rlE '^ *[$$]ANSIBLE_VAULT' $(dir $(INVENTORY)) 2>/dev/null)
ifneq ($(ENCRYPTED),)
ifeq ($(ANSIBLE_VAULT_PASSWORD_FILE)$(ANSIBLE_VAULT_IDENTITY_LIST)$(ANSIBLE_ASK_VAULT_PASS),)
$(error $(ENCRYPTED) is encrypted: name the file that holds its password: export ANSIBLE_VAULT_PASSWORD_FILE=~/.vault)
endif
endif
endif
# ASK_SUDO=1 asks for the hosts' password of sudo once, for every playbook of this command.
ifeq ($(ASK_SUDO)$(ANSIBLE_BECOME_PASSWORD_FILE),1)
export ANSIBLE_BECOME_PASSWORD_FILE := $(shell $(ROOT)/ansible/bin/ask-sudo $$PPID)
endif
PLAYBOOK := ansible-playbook --inventory $(INVENTORY)
# Staging's hosts are containers here: what a deploy waits for is this machine's cores (docs/decisions/0029).
ifeq ($(ENV),staging)
export ANSIBLE_STRATEGY ?= warmline_quick
export ANSIBLE_DEPRECATION_WARNINGS ?= false
endif
PLAYBOOKS := $(ROOT)/ansible
# Real hosts are looked at before anything is built. Containers are, by the deploy itself, as soon as they are made.
LAB := $(shell grep -rlE '^lab_containers: *true' $(dir $(INVENTORY)) 2>/dev/null)
BEFORE_IMAGES := $(if $(LAB),,preflight)
STATE := $(WARMLINE_STATE)/$(ENV)
# Exported, so that no quote in them ever meets the shell.
export TEXT ?= What is knee pain?
export AGENT ?= reception
export ORGANISATION ?= sahyadri
export KNOWLEDGE ?=
export CLIENT ?=
export SESSION ?=
export WORKERS ?=
export HOST ?=
# What vouches for the edge, where its certificate was made here.
CA = $(addprefix --ca-file ,$(wildcard $(STATE)/tls/ca.pem))
export KEY_FILE ?= $(STATE)/keys/$(ORGANISATION)
export SLOT ?=
export LOG_LINES ?= 50
export PHRASE ?=
# What cannot be undone asks first, or wants YES=1.
define sure
@if [[ "$(YES)" != 1 ]]; then \
  if [[ -t 0 ]]; then read -rp "$(1) Go on? [y/N] " answer && [[ "$$answer" == [yY] ]]; \
  else echo "$(1) If that is meant, say YES=1." >&2; exit 1; fi; fi
endef

.PHONY: help help-all
help:
	@$(call show_targets,$(firstword $(MAKEFILE_LIST)))
	@printf '\nENV=%s names the inventory: ansible/inventories/%s. Settings are in its group_vars, those of the workers as\n' '$(ENV)' '$(ENV)'
	@printf 'agent_settings: {cache_rag_ttl: 600}; after a change: make plan, make deploy. More: docs/operate/operations.md\n'

define show_targets
awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
  /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(1)
endef

##@ Deploy
.PHONY: preflight deploy plan rollback scale drain undrain warm forget
preflight: venv ## see whether hosts, secrets and providers are as a deploy needs them, change nothing; PHRASE=1 has one spoken
	@[[ -z '$(LAB)' || -e $(STATE)/edge_url ]] || { echo "$(ENV) has no hosts yet: make deploy makes them, and looks at them." >&2; exit 1; }
	@mkdir -p $(STATE) && rm -f $(STATE)/preflight.txt
	@$(PLAYBOOK) $(PLAYBOOKS)/preflight.yml >$(STATE)/preflight.log 2>&1 || { \
	  if [[ -e $(STATE)/preflight.txt ]]; then cat $(STATE)/preflight.txt; else cat $(STATE)/preflight.log; fi; exit 1; }
	@cat $(STATE)/preflight.txt

deploy: $(BEFORE_IMAGES) control images ## create the fleet where its hosts are containers, provision it, show that it answers
	$(ROLLOUT) $(PLAYBOOKS)/deploy.yml
	@[[ ! -e $$KEY_FILE ]] || $(MAKE) ask
	@echo && cat $(STATE)/handover.txt

plan: $(BEFORE_IMAGES) control images ## show what a deploy would change, change nothing
	$(PLAYBOOK) $(PLAYBOOKS)/deploy.yml --check --diff

rollback: venv ## go back to the release before the latest deploy; again: forth
	$(ROLLOUT) $(PLAYBOOKS)/rollback.yml

scale: venv ## have WORKERS=8 workers in all, until the inventory's own number changes
	$(ROLLOUT) $(PLAYBOOKS)/scale.yml

drain: venv ## take HOST=agent-1 out of service: its callers go elsewhere, its conversations end or move
	$(ROLLOUT) $(PLAYBOOKS)/drain.yml

undrain: venv ## take HOST=agent-1 back into service
	$(ROLLOUT) $(PLAYBOOKS)/undrain.yml

warm: venv ## fill every worker's caches now, as at its start
	$(PLAYBOOK) $(PLAYBOOKS)/warm.yml

forget: venv ## have every worker forget all it keeps of ORGANISATION=..., or with KNOWLEDGE=1 the knowledge answers alone
	@[[ '$(origin ORGANISATION)' != file ]] || { echo "Say whose: make forget ORGANISATION=name" >&2; exit 1; }
	$(PLAYBOOK) $(PLAYBOOKS)/forget.yml

##@ Look
.PHONY: status ask logs where
status: venv ## a table: slots, colours, releases, sessions, hit ratios, health; who has the lock, what a rollback goes to
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/status.yml >$(STATE)/status.log || { cat $(STATE)/status.log; exit 1; }
	@cat $(STATE)/status.txt

ask: venv ## ask the fleet, cold and warm: TEXT="..." AGENT=reception ORGANISATION=sahyadri or KEY_FILE=...
	@printf '\n\033[1mDoes it answer? First cold, then warm.\033[0m\n'
	@[[ -e $$KEY_FILE ]] || { echo "There is no API key in $$KEY_FILE: name a file that holds one with make ask KEY_FILE=..." >&2; exit 1; }
	@python -m warmline probe --url "$$(cat $(STATE)/edge_url)" $(CA) --agent "$$AGENT" --key-file "$$KEY_FILE" --question "$$TEXT"

logs: venv ## the last lines of every worker, or of SLOT=agent-1/1: LOG_LINES=50
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/logs.yml >$(STATE)/logs.log || { cat $(STATE)/logs.log; exit 1; }
	@cat $(STATE)/logs.txt

where: venv ## which slot a client gets: CLIENT=203.0.113.7, or SESSION=... where affinity is by session
	@$(PLAYBOOK) $(PLAYBOOKS)/where.yml

##@ Keep and mend
.PHONY: backup restore break-lock fleet-down
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

break-lock: venv ## break the lock of a run that died; YES=1
	$(call sure,Another run may be changing $(ENV) at this moment.)
	@$(PLAYBOOK) $(PLAYBOOKS)/unlock.yml --extra-vars unlock_anyway=true

fleet-down: venv ## remove the containers, network, keys and secrets of ENV, and nothing else; YES=1
	$(call sure,This removes the hosts of $(ENV) with all that they hold.)
	$(PLAYBOOK) $(PLAYBOOKS)/fleet_down.yml

##@ Prove
.PHONY: test
test: test-static test-unit test-boards test-integration test-conformance test-fuzz test-fleet ## everything: what needs no fleet, then the fleet's own tests

##@ More
help-all: ## show every target: tests, measurements, boards, this machine
	@$(call show_targets,$(MAKEFILE_LIST))

include $(ROOT)/tests/tests.mk $(ROOT)/dashboards/boards.mk $(ROOT)/ansible/machine.mk

# These two names could be mistaken for each other.
.PHONY: lock unlock
lock:
	@echo "make lock is now make requirements, which compiles the lock files." >&2; exit 2

unlock:
	@echo "make unlock is now make break-lock ENV=$(ENV) YES=1, which breaks the lock of a run that died." >&2; exit 2
