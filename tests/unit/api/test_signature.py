"""Which webhooks are believed."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clients.webhooks import OTHER_SECRET, SECRET, signed, written
from warmline.api.signature import TOLERANCE_SECONDS, read_secrets, verify
from warmline.errors import SettingsError, WebhookRefused

NOW = 1_700_000_000
BODY = b'{"organisation": "sahyadri"}'
GOOD = signed(BODY, id_="evt_1", timestamp=NOW)


def refusal(headers: dict[str, str], body: bytes = BODY, *, secrets: tuple[bytes, ...] = (SECRET,)) -> str:
    with pytest.raises(WebhookRefused) as caught:
        verify(secrets, headers, body, now=NOW)
    assert caught.value.code == f"webhook_{caught.value.reason}"
    assert caught.value.message
    return caught.value.reason


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_a_signed_webhook_is_believed_and_names_its_event() -> None:
    assert verify([SECRET], GOOD, BODY, now=NOW) == "evt_1"


def test_the_specifications_own_example_is_believed() -> None:
    """The secret, id, time, body and signature that the reference libraries publish."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert verify([secret], headers, b'{"test": 2432232314}', now=1614265330) == headers["webhook-id"]


@pytest.mark.parametrize("name", GOOD)
def test_a_webhook_without_one_of_the_headers_is_unsigned(name: str) -> None:
    assert refusal(without(name)) == "unsigned"
    assert refusal({**GOOD, name: ""}) == "unsigned"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("webhook-id", "evt.1", id="a full stop in the id"),
        pytest.param("webhook-id", "evt 1", id="a space in the id"),
        pytest.param("webhook-id", "évt", id="an id that is not ASCII"),
        pytest.param("webhook-id", "e" * 257, id="an endless id"),
        pytest.param("webhook-timestamp", "now", id="a time in words"),
        pytest.param("webhook-timestamp", "-1700000000", id="a time before 1970"),
        pytest.param("webhook-timestamp", "1700000000.0", id="a time with a fraction"),
        pytest.param("webhook-timestamp", "٣", id="a digit of another script"),
        pytest.param("webhook-timestamp", "9" * 400, id="an endless time"),
        pytest.param("webhook-signature", "v1", id="a version alone"),
        pytest.param("webhook-signature", "v1,", id="an empty signature"),
        pytest.param("webhook-signature", "v1,%%%", id="not base64"),
        pytest.param("webhook-signature", "v1,é", id="a signature that is not ASCII"),
        pytest.param("webhook-signature", GOOD["webhook-signature"].replace("v1", "v2"), id="another version"),
        pytest.param("webhook-signature", GOOD["webhook-signature"][3:], id="no version"),
    ],
)
def test_a_header_that_the_standard_does_not_allow_is_malformed(name: str, value: str) -> None:
    assert refusal({**GOOD, name: value}) == "malformed"


def test_every_signed_part_counts() -> None:
    assert refusal(GOOD, BODY + b" ") == "wrong_signature"
    assert refusal({**GOOD, "webhook-id": "evt_2"}) == "wrong_signature"
    assert refusal({**GOOD, "webhook-timestamp": str(NOW + 1)}) == "wrong_signature"
    assert refusal({**GOOD, "webhook-timestamp": f"0{NOW}"}) == "wrong_signature"


def test_an_unknown_secret_is_refused() -> None:
    assert refusal(signed(BODY, id_="evt_1", timestamp=NOW, secret=OTHER_SECRET)) == "wrong_signature"


def test_while_a_secret_is_replaced_both_are_valid() -> None:
    for secret in (SECRET, OTHER_SECRET):
        headers = signed(BODY, id_="evt_1", timestamp=NOW, secret=secret)
        assert verify([SECRET, OTHER_SECRET], headers, BODY, now=NOW) == "evt_1"


def test_one_fitting_signature_of_several_is_enough() -> None:
    other = signed(BODY, id_="evt_1", timestamp=NOW, secret=OTHER_SECRET)["webhook-signature"]
    both = f"v1a,ed25519 {other} {GOOD['webhook-signature']}"
    assert verify([SECRET], {**GOOD, "webhook-signature": both}, BODY, now=NOW) == "evt_1"


@pytest.mark.parametrize("joint", [" ", ", ", ",", " ,\t", "  "])
def test_signatures_are_found_wherever_proxies_have_joined_their_lines(joint: str) -> None:
    other = signed(BODY, id_="evt_1", timestamp=NOW, secret=OTHER_SECRET)["webhook-signature"]
    for lines in ([GOOD["webhook-signature"], other], [other, "v1a,x", GOOD["webhook-signature"]]):
        assert verify([SECRET], {**GOOD, "webhook-signature": joint.join(lines)}, BODY, now=NOW) == "evt_1"


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (TOLERANCE_SECONDS, None),
        (TOLERANCE_SECONDS + 1, "stale"),
        (-TOLERANCE_SECONDS, None),
        (-TOLERANCE_SECONDS - 1, "future"),
    ],
)
def test_five_minutes_either_way_are_allowed_and_no_more(age: int, reason: str | None) -> None:
    headers = signed(BODY, id_="evt_1", timestamp=NOW - age)
    if reason is None:
        assert verify([SECRET], headers, BODY, now=NOW) == "evt_1"
    else:
        assert refusal(headers) == reason


def test_only_who_holds_a_secret_is_told_that_it_is_late() -> None:
    headers = signed(BODY, id_="evt_1", timestamp=NOW - 1000, secret=OTHER_SECRET)
    assert refusal(headers) == "wrong_signature"


def test_without_secrets_everything_is_refused_and_the_code_says_why() -> None:
    assert refusal(GOOD, secrets=()) == "not_configured"


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=40)


@given(TEXT, TEXT, TEXT, st.binary(max_size=40))
def test_nothing_made_up_is_believed(id_: str, timestamp: str, signature: str, body: bytes) -> None:
    headers = {"webhook-id": id_, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}
    with pytest.raises(WebhookRefused):
        verify([SECRET], headers, body, now=NOW)


def test_secrets_are_read_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{written(SECRET)}\n\n{written(OTHER_SECRET)}\n")
    assert read_secrets(file) == (SECRET, OTHER_SECRET)
    assert read_secrets(None) == ()


@pytest.mark.parametrize("bad", ["hunter2", "whsec_%%", "whsec_aHVudGVyMg==", "secret_" + written(SECRET)[6:]])
def test_a_bad_secret_is_refused_by_its_number_and_never_shown(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "secrets"
    file.write_text(f"{written(SECRET)}\n{bad}\n")
    with pytest.raises(SettingsError) as caught:
        read_secrets(file)
    assert "secret 2 must be whsec_" in str(caught.value)
    assert bad not in str(caught.value)
    file.write_text(" \n")
    with pytest.raises(SettingsError):
        read_secrets(file)
