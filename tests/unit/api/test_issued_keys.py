"""Keys are issued and revoked while a worker runs, and what cannot be read leaves them as they are."""

import asyncio
import hashlib
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from tests.support.tree.plugins import load
from warmline import settings, wiring
from warmline.api.issued_keys import IssuedKeys, written_at
from warmline.api.keys import ApiKeys
from warmline.errors import SettingsError, Unauthenticated

pytestmark = pytest.mark.virtual_time


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def write(path: Path, issued: Sequence[tuple[str, str]] = (), revoked: Sequence[str] = ()) -> None:
    entries = [{"organisation": name, "sha256": digest(key), "at": "2026-11-30", "by": "asha"} for name, key in issued]
    path.write_text(json.dumps({"version": 1, "issued": entries, "revoked": [{"sha256": digest(k)} for k in revoked]}))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "issued.json"


@pytest.fixture
def keys() -> ApiKeys:
    return ApiKeys({digest("old"): "sahyadri"})


def made(keys: ApiKeys, path: Path | None) -> IssuedKeys:
    looks = count()
    return IssuedKeys(keys, path, changed=lambda _: next(looks))


def knows(keys: ApiKeys, key: str) -> str:
    try:
        return keys.organisation(f"Bearer {key}")
    except Unauthenticated:
        return ""


async def test_a_key_that_is_issued_is_known_within_a_second_and_one_that_is_revoked_no_more(
    keys: ApiKeys, path: Path
) -> None:
    write(path)
    async with made(keys, path):
        assert (knows(keys, "old"), knows(keys, "new")) == ("sahyadri", "")
        write(path, [("kaveri", "new")])
        await asyncio.sleep(1)
        assert (knows(keys, "old"), knows(keys, "new")) == ("sahyadri", "kaveri")
        assert keys.organisations == ("kaveri", "sahyadri")
        write(path, [("kaveri", "new")], revoked=["old"])
        await asyncio.sleep(1)
        assert (knows(keys, "old"), knows(keys, "new")) == ("", "kaveri")


async def test_what_was_issued_and_revoked_before_the_start_is_known_at_the_start(keys: ApiKeys, path: Path) -> None:
    write(path, [("kaveri", "new")], revoked=["old"])
    made(keys, path)
    assert (knows(keys, "old"), knows(keys, "new")) == ("", "kaveri")


@pytest.mark.parametrize("key", ["old", "new"])
def test_limits_of_an_organisation_whose_last_key_was_revoked_keep_no_worker_from_starting(
    keys: ApiKeys, path: Path, tmp_path: Path, key: str
) -> None:
    for name in ("keys", "sarvam"):
        (tmp_path / name).write_text("content")
    (tmp_path / "limits").write_text('{"sahyadri": {"burst": 5}, "kaveri": {"burst": 6}}')
    read = settings.read(
        {
            "WARMLINE_SLOT": "agent-1/1",
            "WARMLINE_API_KEYS_FILE": str(tmp_path / "keys"),
            "WARMLINE_LIMITS_FILE": str(tmp_path / "limits"),
            "WARMLINE_REDIS_CACHE_URL": "redis://10.0.0.1:6379/0",
            "WARMLINE_REDIS_STATE_URL": "redis://10.0.0.2:6379/0",
            "WARMLINE_DATA_CONVEX_URL": "https://happy-animal-123.convex.cloud",
            "WARMLINE_SPEECH_SARVAM_URL": "https://api.sarvam.ai",
            "WARMLINE_SPEECH_SARVAM_KEY_FILE": str(tmp_path / "sarvam"),
        }
    )
    write(path, [("kaveri", "new")])
    deployed = [{"organisation": "sahyadri", "sha256": digest("old")}]
    book = load("filter", "keys").revoke(json.loads(path.read_text()), deployed, digest(key)[:8], at="now", by="asha")
    path.write_text(json.dumps(book))
    made(keys, path)
    assert knows(keys, key) == ""
    assert set(wiring.accounts(read, keys).all()) == set(keys.organisations)


async def test_a_deployed_key_stays_with_its_organisation_whoever_is_issued_it(keys: ApiKeys, path: Path) -> None:
    write(path, [("kaveri", "old")])
    made(keys, path)
    assert knows(keys, "old") == "sahyadri"


def spoil(path: Path, content: str | None) -> None:
    path.unlink() if content is None else path.write_text(content)


BROKEN = ["", "{", '{"issued": 7}', '{"revoked": [{"sha256": "short"}]}', "[" * 100_000, None]


@pytest.mark.parametrize("content", BROKEN, ids=["empty", "half", "no list", "no digest", "deep", "gone"])
async def test_a_file_that_cannot_be_read_brings_no_revoked_key_back(
    keys: ApiKeys, path: Path, content: str | None
) -> None:
    write(path, [("kaveri", "new")], revoked=["old"])
    async with made(keys, path):
        spoil(path, content)
        await asyncio.sleep(1)
        assert (knows(keys, "old"), knows(keys, "new")) == ("", "kaveri")
        write(path, [("kaveri", "newer")])
        await asyncio.sleep(1)
        assert (knows(keys, "old"), knows(keys, "newer")) == ("sahyadri", "kaveri")


@pytest.mark.parametrize("content", BROKEN)
def test_such_a_file_stops_the_start_and_is_named(keys: ApiKeys, path: Path, content: str | None) -> None:
    write(path)
    spoil(path, content)
    with pytest.raises(SettingsError, match=r"issued\.json"):
        made(keys, path)


async def test_without_a_file_nothing_is_issued(keys: ApiKeys) -> None:
    async with made(keys, None):
        await asyncio.sleep(1)
    assert (knows(keys, "old"), keys.organisations) == ("sahyadri", ("sahyadri",))


def test_a_file_that_was_written_again_is_told_from_the_one_before(path: Path) -> None:
    absent = written_at(path)
    write(path)
    first = written_at(path)
    other = path.with_suffix(".new")
    write(other)
    other.replace(path)
    assert len({absent, first, written_at(path)}) == 3
