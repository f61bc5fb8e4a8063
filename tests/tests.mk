# Targets of those who change Warmline: tests and measurements. The Makefile includes this file.
BENCH_VENV := $(WARMLINE_CACHE)/bench-venv-$(shell sha256sum $(ROOT)/tests/measure/bench/requirements.txt | cut -c1-12)
CONFORMANCE_VENV := $(WARMLINE_CACHE)/conformance-venv-$(shell sha256sum $(ROOT)/tests/conformance/requirements.txt | cut -c1-12)
LOAD_VENV := $(WARMLINE_CACHE)/load-venv-$(shell sha256sum $(ROOT)/tests/measure/load/requirements.txt | cut -c1-12)
FUZZ_VENV := $(WARMLINE_CACHE)/fuzz-venv-$(shell sha256sum $(ROOT)/tests/fuzz/requirements.txt | cut -c1-12)
# A deploy takes longer than what pytest takes for a hang; each test has a limit of its own.
SLOW := -o faulthandler_timeout=0
PROFILE ?= low_traffic
USERS ?= 100
SECONDS ?= 60

##@ Test
.PHONY: test-long test-static test-unit test-boards test-integration test-conformance test-fuzz test-fleet test-long-model test-long-search test-long-fleet test-upgrade lint
test-static: venv ## linters, types, and the tree's own rules
	cd $(ROOT) && pytest --numprocesses auto --dist worksteal tests/static
lint: test-static

test-unit: venv ## what needs no server: units, interleavings in virtual time, models; a minute
	cd $(ROOT) && pytest --numprocesses auto tests/unit tests/interleavings tests/model

test-integration: control-test ## stores, workers, simulators and nginx against real servers on loopback
	cd $(ROOT) && pytest --numprocesses auto --dist loadfile tests/contract tests/integration

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
test-upgrade: ## deploy the last release, or FROM=..., then the working tree over it, under load; YES=1: staging goes first
	$(call sure,This takes staging down and deploys it anew.)
	@$(MAKE) control-test images
	cd $(ROOT) && pytest -m long $(SLOW) tests/upgrade --from='$(FROM)'

.PHONY: release
release: venv ## write the entries of CHANGELOG.md since the last release under the number and the commit of what is committed
	@cd $(ROOT) && python -m tests.support.tree.releases

##@ Measure
.PHONY: bench-cache
bench-cache: control-test ## the cache beside its peers, in 4 minutes; QUICK=1: in 40 s; WRITE=1: into docs/results
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/measure/bench/requirements.txt $(BENCH_VENV)
	@cd $(ROOT) && $(BENCH_VENV)/bin/python -m tests.measure.bench $(if $(QUICK),--quick) $(if $(WRITE),--write)

.PHONY: scenario
scenario: control-test ## a conversation through nginx on loopback, cold and warm, and a thousand callers at once; 1 min
	@cd $(ROOT) && python -m tests.measure.bench.scenario

.PHONY: evidence load bench-overhead
evidence: control-test ## what caches, stickiness and Redis give, in 11 minutes; QUICK=1: in one; WRITE=1: into docs; TRACE=file FRESH=1
	@cd $(ROOT) && python -m tests.measure.evidence $(if $(QUICK),--quick) $(if $(WRITE),--write) $(if $(FRESH),--fresh) \
	  --profile $(PROFILE) $(if $(ROWS),--rows $(ROWS)) $(if $(TRACE),--trace '$(abspath $(TRACE))')

load: $(if $(URL),,which) ## callers by Locust: USERS=100 SECONDS=60 against ENV's edge, or URL=... KEY_FILE=... CA_FILE=... AGENT=... QUESTIONS=...
	@$(ROOT)/ansible/bin/venv $(ROOT)/tests/measure/load/requirements.txt $(LOAD_VENV)
	@mkdir -p $(STATE)
	@cd $(ROOT) && $(LOAD_VENV)/bin/python -m locust --locustfile tests/measure/load/locustfile.py --headless --only-summary \
	  --users $(USERS) --spawn-rate $$(( ($(USERS) + 9) / 10 )) --run-time $(SECONDS)s --stop-timeout 10 \
	  --host "$(or $(URL),$$(cat $(STATE)/edge_url))" --key-file "$$KEY_FILE" --agent "$$AGENT" \
	  $(if $(URL),$(addprefix --ca-file ,$(CA_FILE)),$(CA)) \
	  $(if $(QUESTIONS),--questions '$(abspath $(QUESTIONS))') --html $(STATE)/load.html
	@printf '\nWhat of it is the worker itself, here and now, beside a bare endpoint:\n'
	@$(MAKE) bench-overhead
	@echo "The whole report: $(STATE)/load.html"

bench-overhead: control-test ## what the worker adds to a bare Starlette endpoint; 20 s
	@cd $(ROOT) && python -m tests.measure.bench.overhead

.PHONY: incident-drill
incident-drill: which ## incidents on staging, one after the other, and which alerts came after how long; 12 min; ONLY=Redis; YES=1
	$(call sure,This stops parts of $(ENV) on purpose.)
	@cd $(ROOT) && python -m tests.measure.drill $(if $(ONLY),--only '$(ONLY)')
