"""What an inventory says, given to the worker and to the playbooks' filters: values come of it, or named refusals."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.examples.parsers import json_of, value_or, written
from tests.support.tree.plugins import load
from warmline import settings
from warmline.accounts.limits import OrganisationLimit, read_limits
from warmline.accounts.prices import read_prices
from warmline.errors import SettingsError

affinity, ledger, rollout = load("filter", "affinity"), load("filter", "ledger"), load("filter", "rollout")
status, warmline = load("filter", "status"), load("filter", "warmline")

GOOD = {
    "slot": "agent-1/1",
    "redis_cache_url": "redis://app@10.0.0.1:6379/0",
    "redis_state_url": "redis+sentinel://app@10.0.0.1:26379,10.0.0.2/state/0",
    "data_convex_url": "https://happy-animal-123.convex.cloud",
    "speech_sarvam_url": "https://api.sarvam.ai",
}
NAMES = sorted(settings.SETTINGS)
URLS = ["redis://[", "redis://:9x/0", "redis://h/%zz", "rediss://h:99999/1", "redis://h/0?db=²", "http://[::1", "ws://"]
ODD = ["", " ", "nan", "inf", "-1", "1e999", "²", "٣", "9" * 5000, "on", "True", "None", "['a', 'b']", "a\nb", "\udcff"]
PRICE = {"amount": 15, "source": "list", "as_of": "2026-09-20"}
PRICES = {"currency": "INR", "characters": {"bulbul:v3": PRICE}, "calls": {}}

scalars: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(ODD + URLS) | st.text(max_size=20)
)
values = json_of(scalars)
broken = st.binary(max_size=30) | st.sampled_from([b"[" * 5000, b'{"a":' * 5000, b'"\xff"'])
limited = st.dictionaries(st.sampled_from([field.name for field in dataclasses.fields(OrganisationLimit)]), scalars)
priced = st.dictionaries(st.sampled_from(sorted(PRICE)), scalars)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inventory")
    (made / "secret").write_text("content\n")
    return made


def environment(folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Good settings but for these; no variable holds a NUL."""
    secret = str(folder / "secret")
    listed = {**GOOD, "api_keys_file": secret, "speech_sarvam_key_file": secret, **given}
    return {f"WARMLINE_{name.upper()}": value for name, value in listed.items() if "\0" not in value}


@given(
    st.dictionaries(
        st.sampled_from(NAMES) | st.text(max_size=8), st.sampled_from(ODD + URLS) | st.text(), min_size=1, max_size=4
    )
)
@example({"popular_opt_out": "\udcff"})
@example({"popular_opt_out": "['sahyadri', 'kaveri']"})
@example({"redis_cache_url": "redis://["})
@example({"session_idle_seconds": "inf"})
def test_settings_are_read_or_every_bad_one_is_named(folder: Path, given: dict[str, str]) -> None:
    read = value_or(SettingsError, lambda: settings.read(environment(folder, given)))
    if isinstance(read, SettingsError):
        assert all(problem.startswith("WARMLINE_") for problem in read.problems)
    else:
        numbers = [value for value in settings.flatten(read).values() if isinstance(value, float)]
        assert all(abs(number) < float("inf") for number in numbers)
        assert not any(mark in name for name in read.popular.opt_out for mark in "[]'\" ")


@given(st.sampled_from(NAMES), values)
@example("popular_opt_out", ["sahyadri", "kaveri"])
@example("log_level", "info\nWARMLINE_LOG_LEVEL=debug")
def test_a_setting_of_an_inventory_is_one_line_of_the_workers_file_or_refused_by_name(name: str, value: object) -> None:
    written = value_or(ValueError, lambda: warmline.setting(value, name))
    if isinstance(written, ValueError):
        assert name in str(written)
    else:
        assert written.splitlines() in ([], [written])


@given(broken | values.map(written) | limited.map(lambda odd: written({"sahyadri": odd})))
@example(b'{"sahyadri":{"burst":1e999}}')
def test_limits_are_read_or_refused_with_their_file(folder: Path, content: bytes) -> None:
    file = folder / "limits.json"
    file.write_bytes(content)
    found = value_or(SettingsError, lambda: read_limits(file, OrganisationLimit(10, 20), ("sahyadri",)))
    if isinstance(found, SettingsError):
        assert str(file) in str(found)
    else:
        assert 0 < found.of("sahyadri").requests_per_second < float("inf")


@given(
    broken
    | values.map(written)
    | priced.map(lambda odd: written({**PRICES, "calls": {"query": {**PRICE, **odd}}}))
    | st.dictionaries(st.sampled_from(sorted(PRICES)), values).map(lambda odd: written({**PRICES, **odd})),
    st.integers(0, 2500),
)
@example(written({**PRICES, "calls": {"query": {**PRICE, "amount": 1e308}}}), 1)
def test_prices_are_read_and_can_be_paid_or_refused_with_their_file(folder: Path, content: bytes, length: int) -> None:
    file = folder / "prices.json"
    file.write_bytes(content)
    found = value_or(SettingsError, lambda: read_prices(file))
    if isinstance(found, SettingsError):
        assert str(file) in str(found)
    else:
        assert min(found.speech("bulbul:v3", length), found.call("query")) >= 0


INVENTORY = {
    "hosts": ["agent-1", "agent-2"],
    "addresses": {"agent-1": "10.0.0.1", "agent-2": "10.0.0.2"},
}


@given(
    st.fixed_dictionaries({}, optional={"workers": scalars, "drain": scalars, "undrain": scalars}),
    st.integers(0, 60) | st.sampled_from(["2", "60"]),
)
@example({"workers": "²"}, 2)
@example({"workers": "9" * 5000}, 2)
@example({"workers": "1000000000"}, 2)
def test_what_is_asked_of_a_fleet_is_planned_or_its_problem_is_said(asked: dict[str, Any], per_host: int | str) -> None:
    inventory = {**INVENTORY, "per_host": per_host}
    now = ledger.ledger([], [], inventory)
    wished = ledger.wish(now, inventory, asked)
    up = [slot for slot in wished["slots"] if not slot["down"]]
    if not ledger.problems(now, wished, inventory, asked):
        planned = rollout.rollout(now, wished, [], {"release": "r", "image": "i", "percent": 25})
        assert sum(len(batch["starts"]) for batch in planned["batches"]) == len(up) > 0


ADDRESSES = ["", "203.0.113.7", "::1", "fe80::1%eth0", "256.1.1.1", "203.0.113.7\n", "\udcff"]


@given(
    st.lists(st.booleans(), max_size=6),
    st.sampled_from(["ip_hash", "session", "none"]),
    st.sampled_from(ADDRESSES) | st.text(),
)
def test_a_client_has_a_slot_that_is_up_or_its_name_is_refused(downs: list[bool], setting: str, client: str) -> None:
    slots = [{"name": f"agent-1/{number}", "down": down} for number, down in enumerate(downs)]
    found = value_or(ValueError, lambda: affinity.where(slots, setting, client=client, session=client))
    assert found is None or isinstance(found, ValueError) or not found["down"]


METRICS = ["warmline_sessions", "warmline_cache_lookups_total", "x"]
LABELS = ["", '{cache="rag",source="l1"}', '{cache="rag"}', '{cache="a\\"b",source="l1"}', "{", "{}"]
NUMBERS_SAID = ["1", "NaN", "+Inf", "-Inf", "1e999", "x", "", "1 1700000000", "0x1"]
SLOT = {"name": "agent-1/1", "host": "agent-1", "colour": "blue", "release": "r", "down": False}
samples = st.lists(
    st.builds(
        lambda name, labels, value: f"{name}{labels} {value}",
        st.sampled_from(METRICS) | st.text(max_size=6),
        st.sampled_from(LABELS),
        st.sampled_from(NUMBERS_SAID) | st.text(max_size=4),
    )
).map("\n".join)


@given(
    samples | st.text(),
    values | st.fixed_dictionaries({}, optional={"release": scalars, "ready": scalars, "degraded": scalars}),
)
@example('warmline_cache_lookups_total{cache="rag"} 1', {})
@example("warmline_sessions x", {})
@example("warmline_sessions NaN", {"release": "r"})
def test_the_table_has_a_line_for_a_worker_whatever_it_says_of_itself(metrics: str, ready: object) -> None:
    fleet = {"slots": [SLOT], "drained": []}
    found = status.status(fleet, {"agent-1/1": {"ready": ready, "metrics": metrics}})
    json.dumps(found, allow_nan=False)  # as `make status JSON=1` writes it
    shown = status.table(found)
    assert len(shown) == 2
    assert shown[1].startswith("agent-1/1")
