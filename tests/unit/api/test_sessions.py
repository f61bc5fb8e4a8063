"""What a client may send: whatever it is, it is a message or refused with its field."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from warmline.api.sessions import parse
from warmline.errors import CallerError

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["type", "text", "agent"]), inner),
)
ALMOST = st.fixed_dictionaries(
    {"type": st.sampled_from(["open", "say", "interrupt", "close", "opened", ""])},
    optional={"agent": JSON, "text": JSON, "resume": JSON, "turn": JSON, "samples": JSON, "more": JSON},
)


@given(st.text(st.characters(codec="utf-8")) | (JSON | ALMOST).map(lambda value: msgspec.json.encode(value).decode()))
@example('{"x":' * 20_000)
@example('{"type": "say", "text": "\\ud800"}')
def test_whatever_comes_is_a_message_or_refused_with_its_field(text: str) -> None:
    found = message_or_error(text)
    if isinstance(found, CallerError):
        assert found.field
        assert found.message
    else:
        assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def message_or_error(text: str) -> object:
    try:
        return parse(text)
    except CallerError as error:
        return error
