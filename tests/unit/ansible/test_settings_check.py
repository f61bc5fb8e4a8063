"""A setting that a worker would refuse is refused on the machine that deploys, before there is an image."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.processes import ROOT
from tests.support.tree.roles import ROLES

PLAY = """
- hosts: agent-1
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: agent, tasks_from: check.yml}
"""
INVENTORY = {
    "ansible_become": False,
    "agent_checker": ["env", "-u", "WARMLINE_STATE", "-u", "WARMLINE_CACHE", sys.executable, "-m", "warmline", "check"],
    "agent_checker_path": str(ROOT / "agent"),
}


OPTIONS = yaml.safe_load((ROLES / "agent" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
URLS = {
    name: "redis://app@10.0.1.31:6379/0" if "redis" in name else "https://api.example.com"
    for name, option in OPTIONS["argument_specs"]["main"]["options"].items()
    if option.get("required") and name.endswith("_url")
}


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"cache_rag_ttl": 600, "popular_opt_out": ["a", "b"]}, ""),
        ({"cache_rag_tll": 600}, "WARMLINE_CACHE_RAG_TLL: there is no such setting"),
    ],
)
def test_the_workers_own_code_judges_the_settings(tmp_path: Path, settings: dict[str, object], refused: str) -> None:
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "said.json").write_text(json.dumps({**INVENTORY, **URLS, "agent_settings": settings}))
    command = ["ansible-playbook", "--inventory", "agent-1,", "--extra-vars", f"@{tmp_path}/said.json"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg")}
    done = subprocess.run(
        [*command, str(tmp_path / "play.yml")], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not refused), done.stdout
    assert refused in done.stdout
