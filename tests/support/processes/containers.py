"""Containers of the fleet's images on this machine's own network, so that tests reach them on loopback."""

import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path

from docker import build
from tests.support.processes import listens
from tests.support.time.wait import until


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The result of a docker command, whatever it is."""
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)


def tool(image: str, program: str, *arguments: str, mounts: Mapping[Path, str]) -> subprocess.CompletedProcess[str]:
    """Run a program that an image holds, with nothing but files, to its end."""
    alone = ["--rm", "--user", "0", "--network", "none", *_volumes(mounts), "--entrypoint", program]
    return docker("run", *alone, build.built()[image], *arguments)


def _volumes(mounts: Mapping[Path, str]) -> list[str]:
    return [word for source, target in mounts.items() for word in ("--volume", f"{source}:{target}:ro")]


class Container:
    """One container, confined as its role confines it; `stop` removes it. `image` as in images.json."""

    def __init__(self, image: str, *arguments: str, port: int, mounts: Mapping[Path, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.name = f"warmline-test-{uuid.uuid4().hex[:12]}"
        confined = ["--network", "host", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"]
        started = docker(
            *("run", "--detach", "--name", self.name, "--label", "io.warmline.test", "--user", "65534:65534"),
            *(*confined, *_volumes(mounts), build.built()[image], *arguments),
        )
        assert started.returncode == 0, started.stderr
        try:
            until(lambda: listens(port), seconds=20, what=f"port {port} of {image}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.logs()}") from None
        finally:
            if not listens(port):
                self.stop()

    def logs(self) -> str:
        """All it has written so far."""
        shown = docker("logs", self.name)
        return shown.stdout + shown.stderr

    def stop(self) -> None:
        """Remove it, with what it stored."""
        docker("rm", "--force", "--volumes", self.name)
