"""Which certificates stop a deploy before it touches an edge, and what it then says."""

import json
import os
import subprocess
from pathlib import Path

from tests.support.processes import ROOT, certificates

PLAY = """
- hosts: edge
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.include_role: {name: nginx, tasks_from: preflight.yml}
"""


def judged(folder: Path, certificate: str, key: str) -> tuple[bool, str]:
    """Whether the deploy may go on, and all that it says."""
    (folder / "play.yml").write_text(PLAY)
    (folder / "variables.json").write_text(
        json.dumps({"nginx_tls_certificate": certificate, "nginx_tls_key": key, "nginx_slots": [{"name": "test/1"}]})
    )
    command = ["ansible-playbook", "--inventory", "edge,", "--extra-vars", f"@{folder}/variables.json"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg")}
    done = subprocess.run(
        [*command, str(folder / "play.yml")], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    body = key.splitlines()[1:-1]
    assert not [line for line in body if line in said]
    return done.returncode == 0, " ".join(said.split())


def test_a_good_certificate_with_its_chain_passes_without_a_word(tmp_path: Path) -> None:
    certificate, key = certificates.pair()
    chain, _ = certificates.pair()
    passed, said = judged(tmp_path, certificate + chain, key)
    assert passed
    assert "WARNING" not in said


def test_an_edge_without_tls_passes(tmp_path: Path) -> None:
    assert judged(tmp_path, "", "")[0]


def test_a_certificate_that_ends_soon_is_warned_of(tmp_path: Path) -> None:
    passed, said = judged(tmp_path, *certificates.pair(days=20))
    assert passed
    assert "WARNING: the certificate of the edges ends at 20" in said


def test_a_certificate_that_has_ended_is_refused(tmp_path: Path) -> None:
    passed, said = judged(tmp_path, *certificates.pair(days=-1))
    assert not passed
    assert "which is not today: renew it" in said


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    (certificate, _), (_, key) = certificates.pair(), certificates.pair()
    passed, said = judged(tmp_path, certificate, key)
    assert not passed
    assert "nginx_tls_key is not the key of the first certificate" in said


def test_a_certificate_without_a_key_is_refused(tmp_path: Path) -> None:
    passed, said = judged(tmp_path, certificates.pair()[0], "")
    assert not passed
    assert "set both, or neither" in said


def test_a_files_name_in_place_of_its_text_is_refused(tmp_path: Path) -> None:
    passed, said = judged(tmp_path, "/etc/edge.pem", certificates.pair()[1])
    assert not passed
    assert "the text of PEM files, not their names" in said
