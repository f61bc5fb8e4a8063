# Targets that fill or empty the workers' caches by hand. The Makefile includes this file.
##@ Caches
.PHONY: warm forget
warm: which ## fill every worker's caches now, as at its start
	$(PLAYBOOK) $(PLAYBOOKS)/warm.yml

forget: which ## have every worker forget all it keeps of ORGANISATION=..., or with KNOWLEDGE=1 the knowledge answers alone
	@[[ '$(origin ORGANISATION)' != file ]] || { echo "Say whose: make forget ORGANISATION=name" >&2; exit 1; }
	$(PLAYBOOK) $(PLAYBOOKS)/forget.yml
