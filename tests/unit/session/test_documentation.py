"""docs/integrate/sessions.md shows every message with every field, and every way to end."""

import re
from typing import get_args

import msgspec
import pytest

from tests.support.processes import ROOT
from warmline.session.messages import End, FromClient, FromWorker

TEXT = (ROOT / "docs" / "integrate" / "sessions.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)\n```", TEXT, re.DOTALL)
MESSAGES = {message.__struct_config__.tag: message for message in (*get_args(FromClient), *get_args(FromWorker))}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_message(example: str) -> None:
    message = msgspec.json.decode(example, type=FromClient | FromWorker)
    assert msgspec.json.decode(msgspec.json.encode(message)).items() >= msgspec.json.decode(example).items()


@pytest.mark.parametrize("kind", MESSAGES)
def test_every_message_is_shown_with_all_of_its_fields(kind: str) -> None:
    shown = [found for found in map(msgspec.json.decode, EXAMPLES) if found["type"] == kind]
    fields = {field.encode_name for field in msgspec.structs.fields(MESSAGES[kind])}
    assert set().union(*shown) == {"type", *fields}
    assert f"\n### {kind}\n" in TEXT


@pytest.mark.parametrize("end", [end for end in End if end.code != 1006])
def test_every_close_code_is_listed_with_its_reason(end: End) -> None:
    assert re.search(rf"^\| {end.code} \| `+{re.escape(end.text)}", TEXT, re.MULTILINE)
