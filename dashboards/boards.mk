# Targets of the boards. The Makefile includes this file.
DRAWING := $(WARMLINE_CACHE)/boards-drawing-$(shell cat $(ROOT)/dashboards/pictures/{bundle,board.jsx,package-lock.json} | sha256sum | cut -c1-12)
BOARDS_VENV := $(WARMLINE_CACHE)/boards-venv-$(shell sha256sum $(ROOT)/dashboards/requirements.txt | cut -c1-12)
MINUTES ?= 15
URL ?=

##@ Boards
.PHONY: boards boards-venv test-boards board-pictures control-pictures
boards: boards-venv ## make the boards' JSON and the rules with links to their runbooks
	cd $(ROOT) && $(BOARDS_VENV)/bin/python -m dashboards.generate

test-boards: boards-venv ## boards, rules and alerts against the metrics that exist; in an environment of their own, 10 s
	cd $(ROOT) && $(BOARDS_VENV)/bin/python -m pytest tests/boards

board-pictures: $(if $(URL),,which) control-pictures ## draw every board into docs/boards from what the fleet's Prometheus answers, or URL=http://...; 2 min
	@$(ROOT)/dashboards/pictures/bundle $(DRAWING)
	@cd $(ROOT) && python -m dashboards.draw $(if $(URL),--url $(URL),--ssh $(STATE)/ssh_config) --bundle $(DRAWING) \
	  --minutes $(MINUTES) --into docs/boards

control-pictures: venv
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml --extra-vars purpose=pictures

boards-venv:
	@$(ROOT)/ansible/bin/venv $(ROOT)/dashboards/requirements.txt $(BOARDS_VENV)
