"""Whether certificate, secrets, API keys and providers can be used. Pure; findings are those of survey.py."""

from __future__ import annotations

import base64
import binascii
import contextlib
import ipaddress
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

Finding = dict[str, str]

HERE = "inventory"
SHORTEST = 20
"""Characters of a secret that nobody guesses, if it is not made of few."""
FEWEST = 8
"""Different characters in it."""
SIGNING_BYTES = 24
"""Bytes of a webhook's secret, as Standard Webhooks asks for."""
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of an empty text: of a key that somebody forgot to fill in."""
BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def judge_certificate(text: str, key: str, name: str, roots: str = "", now: float | None = None) -> list[Finding]:
    """Findings about the edge's certificate and `key`, for callers who call it `name`. `roots` are authorities in PEM.

    `now` is in seconds since 1970, the clock's by default. Without a certificate, TLS ends elsewhere: nothing is found.
    """
    if not text.strip() and not key.strip():
        return [_fine("certificate", "none: plain HTTP")]
    try:
        chain = [x509.load_pem_x509_certificate(block.encode()) for block in BLOCK.findall(text)]
        private = load_pem_private_key(key.strip().encode(), None)
    except (ValueError, TypeError) as error:
        return [_fail("certificate", str(error).split("\n")[0][:80], "PEM, the key without a passphrase", _FILES)]
    if not chain:
        return [_fail("certificate", "no PEM certificate", "the text of fullchain.pem", _FILES)]
    moment = datetime.now(UTC) if now is None else datetime.fromtimestamp(now, UTC)
    wrong = [
        *_judge_key(chain[0], private.public_key()),
        *_judge_name(chain[0], name),
        *_judge_chain(chain, roots),
        *_judge_time(chain[0], moment),
    ]
    return wrong or [_fine("certificate", f"until {chain[0].not_valid_after_utc:%Y-%m-%d}")]


_FILES = "`nginx_tls_certificate`: the text of fullchain.pem; `nginx_tls_key`: that of privkey.pem"


def _judge_key(own: x509.Certificate, key: Any) -> list[Finding]:
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_bytes(*spki) == own.public_key().public_bytes(*spki):
        return []
    return [_fail("certificate", "nginx_tls_key is another certificate's", "the pair that was issued together", _FILES)]


def _judge_name(own: x509.Certificate, name: str) -> list[Finding]:
    try:
        names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [_fail("certificate", "it has no subjectAltName", name, f"have it issued for {name}")]
    known = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    if any(_means(one.lower(), name.lower()) for one in known):
        return []
    mend = f"have it issued for {name}, or set `fleet_edge_url` to a name that it has"
    return [_fail("certificate", f"it is for {', '.join(known)}", name, mend)]


def _means(known: str, name: str) -> bool:
    if known.startswith("*."):
        return name.partition(".")[2] == known[2:]
    try:
        return ipaddress.ip_address(known) == ipaddress.ip_address(name)
    except ValueError:
        return known == name


def _judge_chain(chain: Sequence[x509.Certificate], roots: str) -> list[Finding]:
    """Each is issued by the next, and the last by itself or by an authority that is known here."""
    for one, issuer in pairwise(chain):
        if not _issued(one, issuer):
            found = f"{_common(one)} is not issued by {_common(issuer)}, which follows it"
            return [_fail("certificate", found, "each certificate before its issuer's", _FILES)]
    if _issued(chain[-1], chain[-1]) or any(_issued(chain[-1], issuer) for issuer in _authorities(roots)):
        return []
    found = f"its chain ends with {_common(chain[-1])}, issued by {_common(chain[-1], issuer=True)}"
    mend = (
        "append the authority's certificates: fullchain.pem and not cert.pem; of an authority of your own, its root too"
    )
    return [_fail("certificate", found, "the whole chain", mend)]


def _authorities(roots: str) -> Iterator[x509.Certificate]:
    """One after the other: a machine trusts hundreds, some of which are not quite as they should be."""
    with warnings.catch_warnings(), contextlib.suppress(ValueError):
        warnings.simplefilter("ignore")
        for block in BLOCK.findall(roots):
            yield x509.load_pem_x509_certificate(block.encode())


def _issued(one: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _common(one: x509.Certificate, *, issuer: bool = False) -> str:
    return (one.issuer if issuer else one.subject).rfc4514_string()


def _judge_time(own: x509.Certificate, now: datetime) -> list[Finding]:
    if own.not_valid_before_utc <= now < own.not_valid_after_utc:
        return []
    found = f"valid from {own.not_valid_before_utc:%Y-%m-%d} until {own.not_valid_after_utc:%Y-%m-%d}"
    return [_fail("certificate", found, "today", "renew it, and put in the new one and its key")]


def judge_secrets(
    secrets: Mapping[str, object], signing: Iterable[object] = (), given: Mapping[str, object] | None = None
) -> list[Finding]:
    """Findings about `secrets` of our own making, by the variable of each, and about those that sign webhooks.

    Of those that somebody else has `given` us it is enough that they are there. No finding holds a secret.
    """
    seen: dict[str, str] = {}
    wrong = []
    for name, value in secrets.items():
        found = _weakness(str(value or "")) or (f"the same as {seen[str(value)]}" if str(value) in seen else "")
        seen.setdefault(str(value), name)
        wrong += (
            [_fail("secrets", f"{name} is {found}", f"{SHORTEST} characters, unlike others", _MAKE)] if found else []
        )
    for number, value in enumerate(signing, start=1):
        if not _signs(str(value)):
            wanted = f"whsec_ and base64 of {SIGNING_BYTES} bytes or more"
            mend = "vault.yml: what `echo whsec_$(openssl rand -base64 32)` prints"
            wrong.append(_fail("secrets", f"agent_webhook_secrets[{number}] does not sign", wanted, mend))
    missing = [name for name, value in (given or {}).items() if not value]
    wrong += [
        _fail("secrets", f"{name} is empty", "what its provider gave you", "put it into vault.yml") for name in missing
    ]
    return wrong or [_fine("secrets", "ok")]


_MAKE = "put what `openssl rand -hex 32` prints into vault.yml"


def _weakness(value: str) -> str:
    if not value:
        return "empty"
    if len(value) < SHORTEST:
        return f"{len(value)} characters long"
    return "made of few characters" if len(set(value)) < FEWEST else ""


def _signs(value: str) -> bool:
    try:
        return value.startswith("whsec_") and len(base64.b64decode(value[6:], validate=True)) >= SIGNING_BYTES
    except (binascii.Error, ValueError):
        return False


def judge_api_keys(keys: Sequence[Mapping[str, object]], probe: str) -> list[Finding]:
    """Findings about callers' API keys by their digests, and about the digest of the monitors' own, `probe`."""
    mend = "agent_api_keys: `printf %s KEY | sha256sum` makes the digest of a key"
    digests = [str(one.get("sha256", "")).lower() for one in keys]
    wrong = []
    for one, digest in zip(keys, digests, strict=True):
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or digest == NOTHING:
            kind = "of an empty key" if digest == NOTHING else "no SHA-256"
            found = f"that of {one.get('organisation') or 'nobody'} is {kind}"
            wrong.append(_fail("API keys", found, "64 hexadecimal digits", mend))
    if len({*digests}) < len(digests):
        wrong.append(_fail("API keys", "one digest stands twice", "a key for each", mend))
    if probe not in digests:
        line = "agent_api_keys: `- {organisation: ..., sha256: \"{{ fleet_probe_api_key | hash('sha256') }}\"}`"
        wrong.append(_fail("API keys", "the monitors' key is nobody's", "fleet_probe_api_key among them", line))
    return wrong or [_fine("API keys", f"{len(keys)}")]


def judge_answers(answers: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Findings about what providers answered to a real call, by the name of the option that says where they are."""
    return [_judge_answer(option, answer) for option, answer in answers.items()]


def _judge_answer(option: str, answer: Mapping[str, Any]) -> Finding:
    status, said = int(answer.get("status") or -1), answer.get("json")
    if status == 200 and not (isinstance(said, Mapping) and said.get("status") == "error"):
        return _fine(option, "ok")
    if isinstance(said, Mapping):
        said = said.get("errorMessage") or said.get("error") or said.get("code") or ""
    text = " ".join(str(said or answer.get("msg") or "").split())[:120]
    mend = "see whether the URL and the key are right" + (", and the functions deployed" if status == 200 else "")
    return _fail(option, f"{status}: {text}", "an answer", f"{mend} (docs/integrate/data-provider.md)")


def _fine(what: str, found: str) -> Finding:
    return {"host": HERE, "what": what, "found": found, "mark": "ok"}


def _fail(what: str, found: str, wanted: str, mend: str) -> Finding:
    return {**_fine(what, found), "mark": "FAIL", "wanted": wanted, "mend": mend}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, object]:
        """The filters by the names that playbooks use."""
        return {
            "warmline_judged_certificate": judge_certificate,
            "warmline_judged_secrets": judge_secrets,
            "warmline_judged_api_keys": judge_api_keys,
            "warmline_judged_answers": judge_answers,
        }
