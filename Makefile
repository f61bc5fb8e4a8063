# The operators' targets. `make help` shows them; `make help-all` shows those of the included files too.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
# Which fleet a command means: ENV=, else WARMLINE_ENV, else what the file .warmline-env holds, else staging. Tests and
# drills make and break a fleet: they mean staging unless ENV= itself says otherwise.
CHOSEN := $(or $(WARMLINE_ENV),$(strip $(shell cat $(ROOT)/.warmline-env 2>/dev/null)))
ifneq ($(filter test% incident-drill,$(MAKECMDGOALS)),)
CHOSEN :=
endif
# An inventory may stand anywhere: INVENTORY=its folder or its hosts.yml. It is then called as its folder.
ifdef INVENTORY
override INVENTORY := $(abspath $(or $(wildcard $(INVENTORY)/hosts.yml),$(INVENTORY)))
CHOSEN := $(notdir $(patsubst %/,%,$(dir $(INVENTORY))))
endif
ENV ?= $(or $(CHOSEN),staging)
export ENV
export WARMLINE_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/warmline
export WARMLINE_STATE ?= $(or $(XDG_STATE_HOME),$(HOME)/.local/state)/warmline

VENV := $(WARMLINE_CACHE)/venv-$(shell sha256sum $(ROOT)/requirements.txt | cut -c1-12)
export PATH := $(VENV)/bin:$(PATH)
export PYTHONPATH := $(ROOT)/agent
export ANSIBLE_CONFIG := $(ROOT)/ansible/ansible.cfg

# What changes a fleet gives its lock back however it ends.
ROLLOUT = $(ROOT)/ansible/bin/rollout $(ENV) $(INVENTORY) $(STATE)
INVENTORY ?= $(ROOT)/ansible/inventories/$(ENV)/hosts.yml
ifeq ($(wildcard $(INVENTORY)),)
$(error There is no $(INVENTORY). ENV may be one of: $(notdir $(wildcard $(ROOT)/ansible/inventories/*)), or say INVENTORY=folder)
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
export REVOKE ?=
export EVENTS ?=
export SLOT ?=
export LOG_LINES ?= 50
export FOLLOW ?=
JSON ?=
# Codes for bold, where a person reads and has not said NO_COLOR.
define title
if [[ -t 1 && -z "$${NO_COLOR:-}" ]]; then printf '\033[1m%s\033[0m\n' '$(1)'; else printf '%s\n' '$(1)'; fi
endef
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
	@printf '\nENV=%s names the inventory: ansible/inventories/%s. Settings are in its group_vars; workers read those\n' '$(ENV)' '$(ENV)'
	@printf 'in agent_settings: {cache_rag_ttl: 600}. After a change: make plan, make deploy. More: docs/operate/operations.md\n'

define show_targets
[[ -t 1 && -z "$${NO_COLOR:-}" ]] && bold='\033[1m' plain='\033[0m' || bold='' plain=''; \
awk -v bold="$$bold" -v plain="$$plain" 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s%s%s\n", bold, substr($$0, 5), plain } \
  /^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(1)
endef

# First of all a command says on which fleet it acts; a command inside another does not say it again.
.PHONY: which
which: venv
ifeq ($(MAKELEVEL),0)
	@$(ROOT)/ansible/bin/fleet '$(ENV)' '$(INVENTORY)' '$(STATE)'
endif

##@ Deploy
.PHONY: preflight deploy plan rollback scale drain undrain key
preflight: which ## check hosts, secrets and providers for a deploy, change nothing; PHRASE=1 also has a phrase spoken, which costs
	@[[ -z '$(LAB)' || -e $(STATE)/edge_url ]] || { echo "$(ENV) has no hosts yet: make deploy makes them, and looks at them." >&2; exit 1; }
	@mkdir -p $(STATE) && rm -f $(STATE)/preflight.txt
	@$(PLAYBOOK) $(PLAYBOOKS)/preflight.yml >$(STATE)/preflight.log 2>&1 || { \
	  if [[ -e $(STATE)/preflight.txt ]]; then cat $(STATE)/preflight.txt; else cat $(STATE)/preflight.log >&2; fi; exit 1; }
	@cat $(STATE)/preflight.txt

deploy: which $(BEFORE_IMAGES) control images ## create the fleet where its hosts are containers, provision it, show that it answers
	$(ROLLOUT) $(PLAYBOOKS)/deploy.yml
	@[[ ! -e $$KEY_FILE ]] || $(MAKE) ask
	@echo && cat $(STATE)/handover.txt

plan: which $(BEFORE_IMAGES) control images ## show what a deploy would change, change nothing
	$(PLAYBOOK) $(PLAYBOOKS)/deploy.yml --check --diff

rollback: which ## go back to the release before the latest deploy; a second rollback goes forward again
	$(ROLLOUT) $(PLAYBOOKS)/rollback.yml

scale: which ## run WORKERS=8 workers, counted over all hosts, until the number in the inventory changes
	$(ROLLOUT) $(PLAYBOOKS)/scale.yml

drain: which ## take HOST=agent-1 out of service: callers go to other hosts, conversations end or move
	$(ROLLOUT) $(PLAYBOOKS)/drain.yml

undrain: which ## take HOST=agent-1 back into service
	$(ROLLOUT) $(PLAYBOOKS)/undrain.yml

key: which ## list the API keys; ORGANISATION=name issues a key, REVOKE=1a2b3c4d revokes one, both at once and for good
	@mkdir -p $(STATE)
	@KEY_FOR=$(if $(REVOKE)$(filter file,$(origin ORGANISATION)),,"$$ORGANISATION") \
	  $(PLAYBOOK) $(PLAYBOOKS)/key.yml >$(STATE)/key.log || { cat $(STATE)/key.log >&2; exit 1; }
	@cat $(STATE)/key.txt

##@ Look
.PHONY: status ask logs history where
status: which ## a table: slots, colours, releases, sessions, hit ratios, health; the lock's holder, a rollback's release; JSON=1
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/status.yml >$(STATE)/status.log || { cat $(STATE)/status.log >&2; exit 1; }
	@cat $(STATE)/status.$(if $(JSON),json,txt)

ask: which ## ask the fleet, cold and warm: TEXT="..." AGENT=reception ORGANISATION=sahyadri or KEY_FILE=...; JSON=1
	@[[ -e $(STATE)/edge_url ]] || { echo "There is no $(STATE)/edge_url, which make deploy writes: deploy from this machine first." >&2; exit 1; }
	@[[ -e $$KEY_FILE ]] || { echo "There is no API key in $$KEY_FILE: name a file that holds one with make ask KEY_FILE=..." >&2; exit 1; }
	@$(if $(JSON),true,echo; $(call title,Does it answer? First cold, then warm.))
	@python -m warmline probe $(if $(JSON),--json) --url "$$(cat $(STATE)/edge_url)" $(CA) --agent "$$AGENT" --key-file "$$KEY_FILE" --question "$$TEXT"

logs: which ## the last lines of every worker, or of SLOT=agent-1/1: LOG_LINES=50; FOLLOW=1 goes on until Ctrl-C
ifneq ($(FOLLOW),)
	@$(ROOT)/ansible/bin/follow $(STATE)/ssh_config "$$SLOT" "$$LOG_LINES" \
	  $$($(ROOT)/ansible/bin/fleet '$(ENV)' '$(INVENTORY)' '$(STATE)' hosts agents)
else
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/logs.yml >$(STATE)/logs.log || { cat $(STATE)/logs.log >&2; exit 1; }
	@cat $(STATE)/logs.txt
endif

history: which ## who changed the fleet, when, and with which outcome: the last EVENTS=20
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/history.yml >$(STATE)/history.log || { cat $(STATE)/history.log >&2; exit 1; }
	@cat $(STATE)/history.txt

where: which ## which slot a client gets: CLIENT=203.0.113.7, or SESSION=... where affinity is by session; JSON=1
	@mkdir -p $(STATE)
	@$(PLAYBOOK) $(PLAYBOOKS)/where.yml >$(STATE)/where.log || { cat $(STATE)/where.log >&2; exit 1; }
	@cat $(STATE)/where.$(if $(JSON),json,txt)

##@ Keep and mend
.PHONY: backup restore break-lock
BACKUP_FOLDER ?= $(WARMLINE_STATE)/backups
backup: which ## write secrets, keys, the order of slots and the monitors' data into one file: BACKUP=... names it
	@mkdir -p -m 700 $(BACKUP_FOLDER)
	@export BACKUP='$(or $(BACKUP),$(BACKUP_FOLDER)/$(ENV)-$(shell date -u +%Y%m%dT%H%M%SZ).tar.gz)' && \
	  $(PLAYBOOK) $(PLAYBOOKS)/backup.yml && echo "backup: $$BACKUP"

restore: which ## put BACKUP=... back, then deploy; YES=1
	@[[ -n '$(BACKUP)' ]] || { echo "Say which: make restore BACKUP=file" >&2; exit 1; }
	$(call sure,This replaces the secrets of $(ENV) and what its monitors have measured.)
	BACKUP='$(BACKUP)' $(PLAYBOOK) $(PLAYBOOKS)/restore.yml
	@$(MAKE) deploy

break-lock: which ## break the lock of a run that died; YES=1
	$(call sure,Another run may be changing $(ENV) at this moment.)
	@$(PLAYBOOK) $(PLAYBOOKS)/unlock.yml --extra-vars unlock_anyway=true

##@ Prove
.PHONY: check test
check: test-static test-unit test-boards ## run the tests that need no server and no fleet; 4 min on two cores
test: test-static test-unit test-boards test-integration test-conformance test-fuzz test-fleet ## run every test but test-long; deploys staging

##@ More
help-all: ## show every target: tests, measurements, boards, this machine
	@$(call show_targets,$(MAKEFILE_LIST))

include $(ROOT)/ansible/caches.mk $(ROOT)/tests/tests.mk $(ROOT)/dashboards/boards.mk $(ROOT)/ansible/machine.mk

# These two names could be mistaken for each other.
.PHONY: lock unlock
lock:
	@echo "make lock is now make requirements, which compiles the lock files." >&2; exit 2

unlock:
	@echo "make unlock is now make break-lock ENV=$(ENV) YES=1, which breaks the lock of a run that died." >&2; exit 2
