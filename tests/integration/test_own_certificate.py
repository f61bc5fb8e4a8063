"""The certificate that an environment makes for itself: who may trust it, and when it is renewed."""

import os
import re
import subprocess
from pathlib import Path

from tests.support.processes import ROOT


def made(state: Path, *options: str) -> int:
    """Run the deploy's step; how much it changed."""
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible" / "ansible.cfg"),
        "WARMLINE_STATE": str(state),
    }
    command = ["ansible-playbook", "--inventory", "ansible/inventories/staging/hosts.yml", *options]
    done = subprocess.run(
        [*command, "ansible/playbooks/certificate.yml"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"changed=(\d+)", done.stdout)
    assert found
    return int(found[1])


def believed(folder: Path, *names: str) -> bool:
    """Whether a client that trusts the authority alone, and is strict, would accept it as a server of that name."""
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", str(folder / "ca.pem"), *names]
    done = subprocess.run([*command, str(folder / "edge.pem")], capture_output=True, check=False)
    return done.returncode == 0


def test_it_is_made_once_for_every_name_and_renewed_in_its_last_month_by_the_same_authority(tmp_path: Path) -> None:
    folder = tmp_path / "staging" / "tls"
    made(tmp_path, "--extra-vars", "certificate_days=29")
    authority, key, first = [(folder / name).read_bytes() for name in ("ca.pem", "edge.key", "edge.pem")]
    for name in (
        ("-verify_hostname", "localhost"),
        ("-verify_ip", "127.0.0.1"),
        ("-verify_ip", "172.30.213.11"),
    ):
        assert believed(folder, *name), name
    assert not believed(folder, "-verify_hostname", "voice.example.com")
    assert made(tmp_path) == 1
    assert (folder / "edge.pem").read_bytes() != first
    assert [(folder / name).read_bytes() for name in ("ca.pem", "edge.key")] == [authority, key]
    assert believed(folder)
    assert made(tmp_path) == 0
