"""A setting that a worker would refuse is refused on the machine that deploys, before there is an image."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
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
    - ansible.builtin.include_role: {name: agent, tasks_from: TASKS}
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


def play(folder: Path, tasks: str, said: Mapping[str, object], *options: str) -> subprocess.CompletedProcess[str]:
    """Run tasks of the role `agent` on this machine, with the programs in `folder` before all others."""
    (folder / "play.yml").write_text(PLAY.replace("TASKS", tasks))
    (folder / "said.json").write_text(json.dumps({**INVENTORY, **URLS, **said}))
    command = ["ansible-playbook", "--inventory", "agent-1,", "--extra-vars", f"@{folder}/said.json", *options]
    path = f"{folder}:{os.environ['PATH']}"
    return subprocess.run(
        [*command, str(folder / "play.yml")],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"cache_rag_ttl": 600, "popular_opt_out": ["a", "b"]}, ""),
        ({"cache_rag_tll": 600}, "WARMLINE_CACHE_RAG_TLL: there is no such setting"),
    ],
)
def test_the_workers_own_code_judges_the_settings(tmp_path: Path, settings: dict[str, object], refused: str) -> None:
    done = play(tmp_path, "check.yml", {"agent_settings": settings})
    assert (done.returncode == 0) == (not refused), done.stdout
    assert refused in done.stdout


def test_a_plan_checks_the_settings_without_the_files_that_only_the_new_release_has(tmp_path: Path) -> None:
    """Limits that are new, or those of an organisation whose key was issued since, made every plan fail."""
    docker, asked = tmp_path / "docker", tmp_path / "asked"
    docker.write_text(f"#!/bin/sh\ncat > {asked}\n")
    docker.chmod(0o755)
    new = {
        "agent_limits": {"kaveri": {"burst": 5}},
        "agent_webhook_secrets": ["whsec_c2VjcmV0"],
        "agent_data_convex_deploy_key": "prod:secret",
    }
    serving = {"agent_folder": str(tmp_path), "agent_serving": "one", "agent_release": "two", "agent_image": "warmline"}
    keys = [{"organisation": "sahyadri", "sha256": "0" * 64}]
    said: dict[str, object] = {**new, **serving, "agent_api_keys": keys, "agent_settings": {}}
    done = play(tmp_path, "configure.yml", said, "--check")
    assert done.returncode == 0, done.stdout
    names = {line.partition("=")[0] for line in asked.read_text().splitlines() if "_FILE=" in line}
    assert names == {
        "WARMLINE_API_KEYS_FILE",
        "WARMLINE_REDIS_CACHE_PASSWORD_FILE",
        "WARMLINE_REDIS_STATE_PASSWORD_FILE",
        "WARMLINE_SPEECH_SARVAM_KEY_FILE",
    }
