"""A key speaks for one organisation."""

import hashlib
import json
from pathlib import Path

import pytest

from warmline.api.keys import ApiKeys
from warmline.errors import SettingsError, Unauthenticated

DIGEST = "0" * 64


def keys(**organisations: str) -> ApiKeys:
    return ApiKeys({hashlib.sha256(key.encode()).hexdigest(): name for name, key in organisations.items()})


def test_a_key_names_its_organisation_whatever_the_case_of_the_scheme() -> None:
    assert keys(a="k1", b="k2").organisation("Bearer k2") == "b"
    assert keys(a="k1").organisation("bearer k1") == "a"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "k1", "Basic k1", "Bearer k2", "Bearer k1 k1"])
def test_anything_else_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        keys(a="k1").organisation(header)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="no keys"),
        pytest.param(b'[{"organisation": "\xff"}]', id="not UTF-8"),
        pytest.param("[]".encode("utf-16"), id="another encoding"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'[{"organisation": ' + b"[" * 100_000, id="nested too deep within"),
        pytest.param(b'[{"organisation": "sahyadri\\n", "sha256": "%b"}]' % DIGEST.encode(), id="a newline in a name"),
        pytest.param(b'[{"organisation": "sahyadri", "sha256": "%b\\n"}]' % DIGEST.encode(), id="or in a digest"),
    ],
)
def test_a_file_that_cannot_be_read_stops_the_start_and_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        ApiKeys.read(file)


def test_a_key_that_two_organisations_have_stops_the_start_and_both_are_named(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([{"organisation": name, "sha256": DIGEST} for name in ("sahyadri", "kaveri")]))
    with pytest.raises(SettingsError, match="sahyadri and kaveri have the same key"):
        ApiKeys.read(file)
    file.write_text(json.dumps([{"organisation": "sahyadri", "sha256": DIGEST}] * 2))
    assert ApiKeys.read(file).organisations == ("sahyadri",)
