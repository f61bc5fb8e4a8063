"""Makes the fleet's images and sends them to its registry.

    build.py build                                        every image: there already, pulled, or built; what each is
                                                          called here is written to images.json in the cache folder
    build.py publish --push R --pull R --manifest FILE    what hosts need goes to registry R; FILE says which is which,
                                                          by digest, versions.json beside it what they are called
    build.py clean                                        remove every image that `build` made

An official image, pinned by digest, is best. Where no registry answers, the folder of the same name builds a stand-in.
The tag of what is built is a digest of all that goes into it, so an unchanged tree builds nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
AGENT = HERE.parent / "agent"
CACHE = Path(os.environ.get("WARMLINE_CACHE", Path.home() / ".cache" / "warmline"))
NAMESPACE = "warmline"
PULL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Python:
    """What an image of ours runs: `packages` of agent/, on that `version`, with the wheels of the `lock` file there."""

    version: str
    lock: str
    packages: Sequence[str]

    def inputs(self) -> list[Path]:
        """All of agent/ that goes into the image, the lock file first."""
        return [AGENT / self.lock, *(AGENT / package for package in self.packages)]


@dataclass(frozen=True, slots=True)
class Image:
    """One entry of images.yml. `official` is None for what only we build; `python` is set for what runs our own code;
    without a `stand_in` a fleet does without what cannot be pulled."""

    name: str
    tag: str
    served: bool
    official: str | None = None
    python: Python | None = None
    stand_in: bool = True

    @property
    def key(self) -> str:
        """What it is called in lists of images, such as fleet_images."""
        return self.name.replace("-", "_")

    @property
    def folder(self) -> Path:
        """Where its Dockerfile is."""
        return HERE / self.name

    @property
    def pulled(self) -> str:
        """What the official image is called here once it was pulled."""
        return f"{NAMESPACE}/{self.name}:{self.tag}"

    def built(self, base: str) -> str:
        """What it is called when built from this tree on `base`. A stand-in's version is whatever Debian has."""
        version = "debian" if self.official else self.tag
        return f"{NAMESPACE}/{self.name}:{version}-{digest(self.inputs(), base)}"

    def inputs(self) -> list[Path]:
        """All that goes into a build of it."""
        return [self.folder, *(self.python.inputs() if self.python else [])]


def catalogue() -> list[Image]:
    """The images in the order in which they are made: the base first."""
    listed: list[dict[str, Any]] = yaml.safe_load((HERE / "images.yml").read_text(encoding="utf-8"))["images"]
    return [
        Image(**{**one, "tag": read_version(), "python": Python(**one["python"])}) if "python" in one else Image(**one)
        for one in listed
    ]


def read_version() -> str:
    """Warmline's own number. The file is read and not imported, for this program knows no package of ours."""
    text = (AGENT / "warmline" / "__init__.py").read_text(encoding="utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


def digest(paths: Sequence[Path], salt: str) -> str:
    """Twelve hexadecimal digits that change with any name, executable bit or content below `paths`, and with `salt`."""
    found = sha256(salt.encode())
    for root in paths:
        for file in sorted(_files(root)):
            content = file.read_bytes()
            mode = "x" if file.stat().st_mode & 0o100 else "-"
            found.update(f"{file.relative_to(root.parent)}\0{mode}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()[:12]


def _files(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    return [path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def chosen(image: Image, base: str, present: Collection[str]) -> str | None:
    """The name of this image among those `present`, the official one first; None if it has to be made."""
    names = [image.pulled, image.built(base)] if image.stand_in else [image.pulled]
    return next((name for name in names if name in present), None)


class Engine:
    """The Docker Engine, through its command line: the one interface that every builder has."""

    def present(self) -> set[str]:
        """Names of our images."""
        listed = _output("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
        return {name for name in listed.split() if name.startswith(f"{NAMESPACE}/")}

    def pull(self, official: str, name: str) -> str | None:
        """Pull `official` as `name`; None if that worked, else the reason it did not."""
        try:
            done = subprocess.run(
                ["docker", "pull", "--quiet", official],
                capture_output=True,
                text=True,
                timeout=PULL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {PULL_SECONDS} s"
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["unknown reason"])[-1]
        _run("docker", "tag", official, name)
        return None

    def build(self, image: Image, name: str, base: str) -> None:
        """Build `image` from its folder as `name`."""
        if image.name == "base":
            _run(str(image.folder / "build.sh"), name)
            return
        version = name.rpartition(":")[2]
        with context(image) as folder:
            arguments = ["--build-arg", f"BASE={base}"] + (
                ["--build-arg", f"VERSION={version}"] if image.python else []
            )
            _run("docker", "build", "--quiet", "--tag", name, *arguments, str(folder))


@contextmanager
def context(image: Image) -> Iterator[Path]:
    """The folder that a build may read: the image's own, or that and our own sources with their wheels."""
    if image.python is None:
        yield image.folder
        return
    wheels = _wheels(image.python)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        shutil.copy(image.folder / "Dockerfile", folder)
        shutil.copy(AGENT / image.python.lock, folder / "requirements.txt")
        for package in image.python.packages:
            shutil.copytree(AGENT / package, folder / "app" / package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(wheels, folder / "wheels")
        yield folder


def _wheels(python: Python) -> Path:
    """What a lock file names as wheels for the image's Python, fetched as this machine's pip is configured to."""
    lock = AGENT / python.lock
    tag = f"cp{python.version.replace('.', '')}"
    folder = CACHE / "wheels" / f"{tag}-{digest([lock], python.version)}"
    if not folder.exists():
        machine = platform.machine()
        platforms = [f"manylinux_2_{minor}_{machine}" for minor in (17, 28, 34)] + [f"manylinux2014_{machine}"]
        half = folder.with_suffix(".partial")
        shutil.rmtree(half, ignore_errors=True)
        _run(
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "-qq",
                "--no-deps",
                "--require-hashes",
                "--only-binary",
                ":all:",
            ),
            *("--python-version", python.version, "--implementation", "cp", "--abi", tag),
            *("--abi", "abi3", "--abi", "none"),
            *(word for name in platforms for word in ("--platform", name)),
            *("--requirement", str(lock), "--dest", str(half)),
        )
        half.rename(folder)
    return folder


def build(engine: Engine) -> None:
    """Have every image of the catalogue that can be had; says what came from where and how long it took."""
    base = ""
    names = {}
    present = engine.present()
    for image in catalogue():
        name = chosen(image, base, present) or _made(engine, image, base)
        if name is None:
            _say(image.name, "left out", "it has no stand-in")
            continue
        if image.name == "base":
            base = name
        names[image.key] = name
        _say(image.name, "ready", name)
    _write(CACHE / "images.json", json.dumps(names, indent=2) + "\n")


def _made(engine: Engine, image: Image, base: str) -> str | None:
    began = time.monotonic()
    if image.official:
        _say(image.name, "pulling", image.official.partition("@")[0])
        reason = engine.pull(image.official, image.pulled)
        if reason is None:
            return image.pulled
        _say(image.name, "no image", reason)
    if not image.stand_in:
        return None
    name = image.built(base)
    _say(image.name, "building", name)
    engine.build(image, name, base)
    _say(image.name, "built", f"in {time.monotonic() - began:.0f} s")
    return name


def built() -> dict[str, str]:
    """What `build` made last: name → what it is called on this machine."""
    names: dict[str, str] = json.loads((CACHE / "images.json").read_text(encoding="utf-8"))
    return names


def publish(*, push: str, pull: str, manifest: Path) -> None:
    """Send what hosts need to the registry `push`, and write how they `pull` it to `manifest`."""
    names = {image.key: built()[image.key] for image in catalogue() if image.served and image.key in built()}
    references = {}
    for key, name in names.items():
        _run("docker", "tag", name, f"{push}/{name}")
        said = _output("docker", "push", f"{push}/{name}")
        references[key] = reference(name, said, push=push, pull=pull)
    _write(manifest, json.dumps(references, indent=2) + "\n")
    versions = {key: name.rpartition(":")[2] for key, name in names.items()}
    _write(manifest.with_name("versions.json"), json.dumps(versions, indent=2) + "\n")


def reference(name: str, said: str, *, push: str, pull: str) -> str:
    """How hosts call the image `name`, of which the engine `said` at its push which digest it has in that registry.

    By digest, not by tag: whoever could put another image in its place could not give it that one. Not the engine's own
    list of digests: it keeps those of earlier pushes of the same image, to a registry that may be another one now.
    """
    repository, _, tag = name.rpartition(":")
    found = re.search(rf"^{re.escape(tag)}: digest: (sha256:[0-9a-f]{{64}}) ", said, re.MULTILINE)
    if found is None:
        raise SystemExit(f"{push} took {name} and said no digest of it: is it a registry?")
    return f"{pull}/{repository}@{found[1]}"


def clean(engine: Engine) -> None:
    """Remove every image of ours, and what builds left without a name."""
    names = sorted(engine.present())
    if names:
        _run("docker", "image", "rm", "--force", *names)
    _run("docker", "image", "prune", "--force", "--filter", "label=io.warmline.image")


def _write(path: Path, text: str) -> None:
    """Replace the file if its content differs; "changed" on standard output is what Ansible looks for."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"changed {path}")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ... failed:\n{done.stdout}{done.stderr}".rstrip())


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def _say(image: str, what: str, detail: str) -> None:
    print(f"  {image:<17} {what:<9} {detail}", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="have every image")
    publishing = commands.add_parser("publish", help="send what hosts need to a registry")
    publishing.add_argument("--push", required=True, help="the registry as this machine reaches it")
    publishing.add_argument("--pull", required=True, help="the registry as the hosts reach it")
    publishing.add_argument("--manifest", type=Path, required=True, help="file to write the references to")
    commands.add_parser("clean", help="remove what build made")
    options = parser.parse_args()
    engine = Engine()
    if options.command == "build":
        build(engine)
    elif options.command == "publish":
        publish(push=options.push, pull=options.pull, manifest=options.manifest)
    else:
        clean(engine)


if __name__ == "__main__":
    main()
