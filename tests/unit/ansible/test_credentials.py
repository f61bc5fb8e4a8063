"""Certificates, secrets, API keys and providers that would not do are found before a host is asked to use them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.tree.plugins import load

credentials = load("filter", "credentials")
sentence = load("filter", "report").sentence
NAME = "voice.example.com"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
Made = tuple[str, ec.EllipticCurvePrivateKey, x509.Name]


def made(common: str, issuer: Made | None = None, names: tuple[str, ...] = ()) -> Made:
    """A certificate as PEM, with its key and its subject; by itself, or by an issuer."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    _, signer, by = issuer or ("", key, subject)
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=by, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=30))
        .not_valid_after(NOW + timedelta(days=60))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([*map(x509.DNSName, names)]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(), key, subject


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(serialization.Encoding.PEM, *plain).decode()


ROOT = made("Root")
MIDDLE = made("Middle", ROOT)
EDGE = made(NAME, MIDDLE, (NAME, "*.wild.example.com"))
CHAIN, KEY = EDGE[0] + MIDDLE[0], pem(EDGE[1])


def judged(text: str = CHAIN, key: str = KEY, name: str = NAME, roots: str = ROOT[0], days: float = 0) -> str:
    """The sentence about a certificate; what was found, if it is fine."""
    moment = (NOW + timedelta(days=days)).timestamp()
    (finding,) = credentials.judge_certificate(text, key, name, roots, moment)
    return str(finding["found"] if finding["mark"] == "ok" else sentence(finding))


def test_a_certificate_with_its_chain_name_and_key_is_fine() -> None:
    assert judged() == "until 2027-01-29"
    assert judged(name="a.wild.example.com") == "until 2027-01-29"
    assert judged(CHAIN + ROOT[0], roots="") == "until 2027-01-29"


def test_an_edge_without_tls_is_fine() -> None:
    assert judged("", "") == "none: plain HTTP"


def test_a_certificate_without_its_chain_is_told_to_bring_it() -> None:
    said = judged(EDGE[0])
    assert said.startswith("FAIL inventory certificate: its chain ends with CN=voice.example.com, issued by CN=Middle")
    assert "fullchain.pem and not cert.pem" in said


def test_a_chain_in_the_wrong_order_is_refused() -> None:
    assert "is not issued by" in judged(EDGE[0] + ROOT[0] + MIDDLE[0])


def test_a_certificate_of_another_name_is_told_which_it_has() -> None:
    said = judged(name="phone.example.com")
    assert "it is for voice.example.com, *.wild.example.com; wanted: phone.example.com." in said
    assert "fleet_edge_url" in said


def test_a_certificate_with_another_key_is_refused() -> None:
    said = judged(key=pem(MIDDLE[1]))
    assert "nginx_tls_key is another certificate's; wanted: the pair that was issued together" in said


@pytest.mark.parametrize("days", [61, -31])
def test_a_certificate_of_another_day_is_refused(days: float) -> None:
    assert "valid from 2026-10-31 until 2027-01-29; wanted: today." in judged(days=days)


@pytest.mark.parametrize(
    ("text", "key"), [("/etc/edge.pem", KEY), (CHAIN, "/etc/edge.key"), ("", KEY), (CHAIN, ""), (CHAIN[:200], KEY)]
)
def test_what_is_no_pair_of_pem_texts_is_told_what_belongs_there(text: str, key: str) -> None:
    assert "`nginx_tls_certificate`: the text of fullchain.pem" in judged(text, key)


def secrets(**values: Any) -> str:
    (finding,) = credentials.judge_secrets(values)
    return str(finding["found"] if finding["mark"] == "ok" else sentence(finding))


LONG = "kF3n0sXq81LmZp7YtB2cVw94"


@pytest.mark.parametrize(
    ("value", "found"),
    [("", "empty"), (None, "empty"), ("hunter2", "7 characters long"), ("ab" * 20, "made of few characters")],
)
def test_a_secret_that_could_be_guessed_is_named_and_not_shown(value: str | None, found: str) -> None:
    said = secrets(fleet_password_redis_app=value)
    assert f"FAIL inventory secrets: fleet_password_redis_app is {found}; wanted:" in said
    assert "openssl rand -hex 32" in said
    assert not value or value not in said


def test_two_secrets_that_are_one_are_named_both() -> None:
    (finding,) = [one for one in credentials.judge_secrets({"a": LONG, "b": LONG}) if one["mark"] == "FAIL"]
    assert finding["found"] == "b is the same as a"


def test_strong_secrets_are_fine() -> None:
    assert secrets(a=LONG, b=LONG[::-1]) == "ok"


@pytest.mark.parametrize("value", ["whsec_", "whsec_!!", "whsec_c2hvcnQ=", "aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8="])
def test_a_secret_that_signs_nothing_is_found(value: str) -> None:
    (finding,) = credentials.judge_secrets({}, [value])
    assert "agent_webhook_secrets[1] does not sign" in finding["found"]
    assert value not in sentence(finding).replace("whsec_ and", "").replace("whsec_$", "")


def test_a_secret_that_somebody_gave_us_must_be_there() -> None:
    (finding,) = credentials.judge_secrets({}, given={"agent_key": ""})
    assert finding["found"] == "agent_key is empty"


PROBE = hashlib.sha256(b"probe").hexdigest()


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([{"organisation": "a", "sha256": PROBE}], "1"),
        ([{"organisation": "a", "sha256": PROBE}, {"organisation": "b", "sha256": "short"}], "that of b is no SHA-256"),
        (
            [
                {"organisation": "a", "sha256": PROBE},
                {"organisation": "b", "sha256": hashlib.sha256(b"").hexdigest()},
            ],
            "that of b is of an empty key",
        ),
        ([{"organisation": "a", "sha256": PROBE}, {"organisation": "b", "sha256": PROBE}], "one digest stands twice"),
        ([{"organisation": "a", "sha256": "0" * 64}], "the monitors' key is nobody's"),
    ],
)
def test_api_keys_that_let_nobody_in_are_found(keys: list[dict[str, str]], found: str) -> None:
    (finding,) = credentials.judge_api_keys(keys, PROBE)
    assert finding["found"] == found


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"status": 200, "json": {"status": "success", "value": []}}, "ok"),
        ({"status": 200, "json": {"status": "error", "errorMessage": "no agents:list"}}, "200: no agents:list"),
        ({"status": 401, "json": {"code": "BadDeployKey"}}, "401: BadDeployKey"),
        (
            {"status": -1, "msg": "Request failed: <urlopen error\n timed out>"},
            "-1: Request failed: <urlopen error timed out>",
        ),
        ({}, "-1: "),
    ],
)
def test_a_provider_that_does_not_answer_is_told_with_its_own_words(answer: dict[str, Any], found: str) -> None:
    (finding,) = credentials.judge_answers({"convex": answer})
    assert finding["found"] == found
