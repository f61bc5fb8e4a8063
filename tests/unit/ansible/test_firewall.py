"""What is done about a firewall that differs from what is written, and what Prometheus is told of it."""

import fcntl
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.tree import programs

firewall = programs.load("base", "firewall")
RULES = 'table inet warmline {\n\ttcp dport 22 accept comment "sshd"\n}\n'
MORE = RULES.replace("}", "\ttcp dport 6379 accept\n}")


def test_hosts_that_the_inventory_names_are_let_in_by_their_addresses() -> None:
    """What is written is looked at where there is no network, and so nobody who knows a name."""
    rule = "ip saddr {{ {} }} tcp dport 6379 accept"
    assert firewall.resolved(rule.format("localhost, 10.0.0.2")) == rule.format("127.0.0.1, 10.0.0.2")
    assert firewall.resolved(RULES) == RULES


def test_rules_that_are_as_written_are_left_alone() -> None:
    assert firewall.judged(RULES, RULES, {"applied": RULES, "repairs": 2}) == (False, {"applied": RULES, "repairs": 2})


def test_rules_that_are_gone_are_put_back_and_counted() -> None:
    assert firewall.judged("", RULES, {"applied": RULES}) == (True, {"applied": RULES, "repairs": 1})


def test_a_rule_that_somebody_added_or_took_away_is_put_right_and_counted() -> None:
    assert firewall.judged(MORE, RULES, {"applied": RULES, "repairs": 1}) == (True, {"applied": RULES, "repairs": 2})
    assert firewall.judged(RULES, MORE, {"applied": MORE}) == (True, {"applied": MORE, "repairs": 1})


def test_new_rules_that_a_deploy_has_only_written_yet_are_nobodys_change() -> None:
    assert firewall.judged(RULES, MORE, {"applied": RULES}) == (True, {"applied": MORE, "repairs": 0})


def test_rules_that_are_gone_since_the_host_started_are_counted_though_nothing_is_remembered() -> None:
    assert firewall.judged("", RULES, {}) == (True, {"applied": RULES, "repairs": 1})
    assert firewall.judged(RULES, RULES, {}) == (False, {"applied": RULES, "repairs": 0})


def test_a_look_waits_for_a_deploy_that_applies_new_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the kernel and at what is remembered they would be somebody else's change."""
    looked = threading.Event()
    monkeypatch.setattr(firewall, "LOCK", tmp_path / "lock")
    monkeypatch.setattr(firewall, "watch", lambda rules, out: looked.set())
    monkeypatch.setattr(sys, "argv", ["warmline-firewall", "rules", "watch", "out"])
    look = threading.Thread(target=firewall.main)
    with (tmp_path / "lock").open("w") as deploy:
        fcntl.flock(deploy, fcntl.LOCK_EX)
        look.start()
        assert not looked.wait(0.2)
    look.join(10)
    assert looked.is_set()


def test_prometheus_is_told_how_often_and_when() -> None:
    families = text_string_to_metric_families("\n".join(firewall.lines(2, 1700000000.4)) + "\n")
    told = {sample.name: sample.value for family in families for sample in family.samples}
    assert told == {
        "warmline_firewall_repairs_total": 2,
        "warmline_firewall_checked_timestamp_seconds": 1700000000,
    }
