"""What things cost, and where it is from."""

import json
from pathlib import Path

import pytest

from warmline.accounts.limits import OrganisationLimit, read_limits
from warmline.accounts.prices import MICROS, PRICES, Price, Prices, read_prices
from warmline.errors import SettingsError

EVERYBODY = OrganisationLimit(10, 20)


def test_a_greeting_of_120_characters_costs_36_paise() -> None:
    assert PRICES.speech("bulbul:v3", 120) == 360_000
    assert PRICES.speech("bulbul:v2", 120) == 180_000


def test_every_price_says_who_said_so_and_when() -> None:
    for price in [*PRICES.characters.values(), *PRICES.calls.values()]:
        assert price.source
        assert price.as_of >= "2026"


def test_a_model_without_a_price_costs_as_much_as_the_dearest() -> None:
    assert PRICES.speech("bulbul:v9", 1) == PRICES.speech("bulbul:v3", 1) == 3000


def test_an_amount_is_rounded_up_to_a_millionth() -> None:
    prices = Prices("INR", {"m": Price(1 / 3, "s", "2026-01-01")}, {"query": Price(1e-7, "s", "2026-01-01")})
    assert prices.speech("m", 1) == 34
    assert prices.call("query") == 1
    assert prices.call("unheard of") == 0


def test_a_file_replaces_the_table(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    price = {"amount": 2, "source": "a bill", "as_of": "2026-11-01"}
    file.write_text(json.dumps({"currency": "USD", "characters": {}, "calls": {"query": price}}))
    prices = read_prices(file)
    assert (prices.currency, prices.call("query"), prices.speech("bulbul:v3", 100)) == ("USD", 2 * MICROS, 0)
    assert read_prices(None) is PRICES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "truncated"),
        ('{"currency": "rupees", "characters": {}, "calls": {}}', "currency"),
        ('{"currency": "INR", "characters": {"m": {"amount": -1}}, "calls": {}}', "amount"),
        ('{"currency": "INR", "characters": {"m": {"amount": 1, "source": "s"}}, "calls": {}}', "as_of"),
        ('{"currency": "INR", "characters": {}, "calls": {}, "extra": 1}', "extra"),
        ("\xff", "malformed"),
    ],
)
def test_a_bad_price_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "prices.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError) as caught:
        read_prices(file)
    assert str(file) in str(caught.value)
    assert said in str(caught.value)


def test_a_limits_file_names_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "limits.json"
    file.write_text('{"sahyadri": {"burst": 5}, "kaveri": {"spend_per_day": 100}}')
    limits = read_limits(file, EVERYBODY, {"sahyadri", "kaveri", "lakeside"})
    assert limits.of("sahyadri") == OrganisationLimit(10, 5)
    assert limits.of("kaveri") == OrganisationLimit(10, 20, 100)
    assert limits.of("lakeside") == EVERYBODY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"sahyadri": {"burst": 0}}', "burst"),
        ('{"sahyadri": {"requests_per_second": 0}}', "requests_per_second"),
        ('{"sahyadri": {"spend_per_day": -1}}', "spend_per_day"),
        ('{"sahyadri": {"bursts": 5}}', "bursts"),
        ('{"sahaydri": {"burst": 5}}', "sahaydri has no API key"),
        ("[]", "array"),
    ],
)
def test_a_bad_limits_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "limits.json"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_limits(file, EVERYBODY, {"sahyadri"})
    assert said in str(caught.value)
