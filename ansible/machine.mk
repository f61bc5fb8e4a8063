# Targets of the machine that deploys: what it needs, and what may be removed from it. The Makefile includes this file.
PLAIN := ANSIBLE_STRATEGY=linear
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
  --custom-compile-command "make requirements"

##@ Build
.PHONY: control control-test images venv requirements settings-page format
control: venv ## have what this machine needs: Docker Engine, mmdebstrap, ssh
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml

control-test: venv ## have what the tests need as well: redis-server, nginx, promtool, both builders
	$(PLAIN) $(PLAYBOOK) $(PLAYBOOKS)/control.yml --extra-vars purpose=test

images: control ## pull or build every image of the fleet
	@$(call title,Images)
	@python $(ROOT)/docker/build.py build

venv: ## have the Python environment of requirements.txt
	@$(ROOT)/ansible/bin/venv $(ROOT)/requirements.txt $(VENV)

requirements: venv ## compile the lock files anew from pyproject.toml and agent/pyproject.toml
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --output-file agent/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group agent/pyproject.toml:simulators --output-file agent/requirements-simulators.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group agent/pyproject.toml:studies \
	  --group pyproject.toml:control --output-file requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:bench \
	  --output-file tests/measure/bench/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:conformance \
	  --output-file tests/conformance/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) agent/pyproject.toml --group pyproject.toml:fuzz \
	  --output-file tests/fuzz/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group pyproject.toml:load --output-file tests/measure/load/requirements.txt
	cd $(ROOT) && uv pip compile $(LOCK) --group pyproject.toml:boards --output-file dashboards/requirements.txt

settings-page: venv ## write docs/operate/settings.md, the page of the workers' settings
	cd $(ROOT) && python -m warmline check --list > docs/operate/settings.md

format: venv ## format Python sources
	cd $(ROOT) && ruff check --fix --quiet; ruff format

##@ Clean
.PHONY: fleet-down clean engine-stop
fleet-down: which ## remove the containers, network, keys and secrets of ENV, and nothing else; YES=1
	$(call sure,This removes the hosts of $(ENV) with all that they hold.)
	$(PLAYBOOK) $(PLAYBOOKS)/fleet_down.yml

clean: ## remove built images and the cache of wheels and environments; keeps the fleet's keys and secrets
	@python3 $(ROOT)/docker/build.py clean
	rm -rf '$(WARMLINE_CACHE)'

engine-stop: ## stop the Docker Engine, if `make` started it
	@$(ROOT)/ansible/bin/engine stop
