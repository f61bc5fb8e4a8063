"""A key speaks for one organisation."""

import hashlib

import pytest

from warmline.api.keys import ApiKeys
from warmline.errors import Unauthenticated


def keys(**organisations: str) -> ApiKeys:
    return ApiKeys({hashlib.sha256(key.encode()).hexdigest(): name for name, key in organisations.items()})


def test_a_key_names_its_organisation_whatever_the_case_of_the_scheme() -> None:
    assert keys(a="k1", b="k2").organisation("Bearer k2") == "b"
    assert keys(a="k1").organisation("bearer k1") == "a"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "k1", "Basic k1", "Bearer k2", "Bearer k1 k1"])
def test_anything_else_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        keys(a="k1").organisation(header)
