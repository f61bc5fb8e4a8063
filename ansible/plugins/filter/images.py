"""Which images a host needs no more, from what its Docker Engine lists. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

Json = dict[str, Any]


def unneeded(
    images: Iterable[Mapping[str, Any]], containers: Iterable[Mapping[str, Any]], wanted: Collection[str]
) -> list[Json]:
    """Those of the fleet's own repositories that no container was made of, a stopped one neither, and nobody `wanted`.

    `wanted` are references as hosts pull them, whose repositories are the fleet's own. Each has its `id`, and the
    `names` that it goes by here; an image that somebody else has given a name of theirs is left to them.
    """
    ours = {repository(one) for one in wanted}
    used = {one["ImageID"] for one in containers}
    return [
        {"id": one["Id"], "names": names(one)}
        for one in images
        if one["Id"] not in used
        if names(one) and all(repository(name) in ours for name in names(one))
        if not {*names(one)} & {*wanted}
    ]


def names(image: Mapping[str, Any]) -> Sequence[str]:
    """What an image is called by tag and by digest; nothing for what the engine shows as <none>."""
    listed = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    return [name for name in listed if not name.startswith("<none>")]


def repository(reference: str) -> str:
    """A reference without its digest and its tag; a registry's port is no tag."""
    named = reference.partition("@")[0]
    path, colon, tag = named.rpartition(":")
    return path if colon and "/" not in tag else named


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {"warmline_unneeded": unneeded}
