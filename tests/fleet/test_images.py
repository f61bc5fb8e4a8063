"""The images: small rights, no build tools, and both builders make them."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from docker import build

pytestmark = pytest.mark.timeout(300)
BUILT = build.built()
SERVED = [image for image in build.catalogue() if image.name != "base" and image.stand_in]


def docker(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def in_agent(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the worker's image, confined as on a host."""
    return docker(
        "run", "--rm", "--network", "none", "--read-only", "--entrypoint", command[0], BUILT["agent"], *command[1:]
    )


def test_the_worker_runs_as_10001() -> None:
    assert in_agent("id", "-u").stdout.strip() == "10001"


@pytest.mark.parametrize("program", ["curl", "wget", "gcc", "pip", "pip3", "git", "ssh"])
def test_the_workers_image_has_no_tools_that_it_does_not_need(program: str) -> None:
    assert in_agent("sh", "-c", f"command -v {program}").returncode != 0


def test_the_workers_image_says_its_version() -> None:
    tag = BUILT["agent"].rpartition(":")[2]
    assert in_agent("printenv", "WARMLINE_VERSION").stdout.strip() == tag


def test_commands_are_in_exec_form() -> None:
    (shown,) = json.loads(docker("image", "inspect", BUILT["agent"]).stdout)
    assert shown["Config"]["Entrypoint"] == ["python", "-m", "warmline"]
    assert shown["Config"]["Healthcheck"]["Test"] == ["CMD", "python", "-m", "warmline", "health"]


def builder_of(kind: str) -> str | None:
    """A docker client on this machine that has the builder: clients since 23 need a plugin for BuildKit."""
    for client in dict.fromkeys(filter(None, [shutil.which("docker"), "/usr/bin/docker"])):
        if not Path(client).exists():
            continue
        version = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout.split()[2]
        plugin = subprocess.run([client, "buildx", "version"], capture_output=True, check=False).returncode == 0
        if kind == "classic" or plugin or int(version.split(".")[0]) < 23:
            return client
    return None


@pytest.mark.parametrize("image", SERVED, ids=lambda image: image.name)
@pytest.mark.parametrize("kind", ["classic", "buildkit"])
def test_both_builders_make_it(kind: str, image: build.Image) -> None:
    client = builder_of(kind)
    assert client, f"no docker client with the {kind} builder: install docker-buildx"
    name = f"warmline-test/{image.name}:{kind}"
    with build.context(image) as context:
        done = subprocess.run(
            [client, "build", "--quiet", "--tag", name, "--build-arg", f"BASE={BUILT['base']}", str(context)],
            env={**os.environ, "DOCKER_BUILDKIT": str(int(kind == "buildkit"))},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    docker("image", "rm", name)
