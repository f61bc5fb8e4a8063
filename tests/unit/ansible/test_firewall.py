"""What is done about a firewall that differs from what is written, and what Prometheus is told of it."""

import ast
import fcntl
import sys
import threading
from pathlib import Path

import jinja2
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.tree import programs
from tests.support.tree.roles import ROLES, render

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


def test_new_rules_are_on_trial_until_their_time_is_over_or_somebody_came_in() -> None:
    assert firewall.on_trial({"until": 160.0}, 159.0)
    assert not firewall.on_trial({"until": 160.0}, 160.0)
    assert not firewall.on_trial({"until": 0}, 1.0)
    assert not firewall.on_trial({}, 1.0)


def test_rules_that_are_taken_back_after_their_trial_are_nobodys_change() -> None:
    """What is written is again what was proved; what the kernel has is what was tried."""
    assert firewall.judged(MORE, RULES, {"applied": MORE}) == (True, {"applied": RULES, "repairs": 0})


def test_rules_that_were_tried_first_of_all_leave_no_table_when_they_are_taken_back() -> None:
    assert firewall.judged(RULES, "", {"applied": RULES}) == (True, {"applied": "", "repairs": 0})


def test_a_host_whose_rules_were_never_proved_has_none_written(tmp_path: Path) -> None:
    assert firewall.written(tmp_path / "none") == ""


def test_what_is_new_is_shown_beside_what_is_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules, new = tmp_path / "rules", tmp_path / "new"
    firewall.differs(rules, str(new))
    new.write_text(MORE)
    rules.write_text(RULES)
    with pytest.raises(SystemExit) as ended:
        firewall.differs(rules, str(new))
    assert ended.value.code == 3
    assert "+\ttcp dport 6379 accept" in capsys.readouterr().out
    rules.write_text(MORE)
    firewall.differs(rules, str(new))


def test_a_network_is_let_in_by_itself() -> None:
    assert firewall.resolved("ip saddr { 10.0.0.0/24 } accept") == "ip saddr { 10.0.0.0/24 } accept"


def rules_of(**variables: object) -> list[str]:
    """The lines of the rules that open ports."""
    text = render("base", "firewall.nft.j2", base_ssh_port=22, **variables)
    return [line.strip() for line in text.splitlines() if " dport " in line]


def test_no_rule_needs_a_file_of_names_that_a_small_debian_12_has_not() -> None:
    assert "meta l4proto { 1, 58 } accept" in render("base", "firewall.nft.j2", base_ssh_port=22)


def test_the_port_of_ssh_is_the_inventorys() -> None:
    defaults = yaml.safe_load((ROLES / "base" / "defaults" / "main.yml").read_text(encoding="utf-8"))
    said = jinja2.Template(defaults["base_ssh_port"])
    assert [said.render(), said.render(ansible_port=2222), said.render(ansible_ssh_port=22022)] == [
        "22",
        "2222",
        "22022",
    ]
    text = render("base", "firewall.nft.j2", base_ssh_port=2222)
    assert 'tcp dport 2222 accept comment "sshd"' in text


def test_a_port_is_open_to_everybody_or_by_source_over_tcp_or_udp() -> None:
    media = {"port": "50000-60000", "protocol": "udp", "why": "media"}
    office = {"port": 9000, "from": ["203.0.113.0/24", "2001:db8::/32"], "why": "our other service"}
    assert rules_of(base_firewall_open=[media, office]) == [
        'tcp dport 22 accept comment "sshd"',
        'udp dport 50000-60000 accept comment "media"',
        'ip saddr { 203.0.113.0/24 } tcp dport 9000 accept comment "our other service"',
        'ip6 saddr { 2001:db8::/32 } tcp dport 9000 accept comment "our other service"',
    ]


def test_what_a_host_does_beside_the_fleet_is_added_to_what_the_fleet_opens() -> None:
    wiring = ROLES.parent / "playbooks" / "group_vars" / "all" / "firewall.yml"
    said = yaml.safe_load(wiring.read_text(encoding="utf-8"))["base_firewall_open"]
    environment = jinja2.Environment(autoescape=False)
    environment.filters |= {"extract": lambda key, of: of[key], "flatten": lambda of: [x for one in of for x in one]}
    environment.tests["in"] = lambda one, many: one in many
    expression = environment.compile_expression(said.strip().removeprefix("{{").removesuffix("}}"))
    fleet = {"group_names": ["edges"], "fleet_open": {"edges": ["edge"]}, "fleet_open_everywhere": ["everywhere"]}
    assert expression(**fleet, fleet_open_extra=["extra"]) == ["edge", "everywhere", "extra"]
    assert expression(**fleet) == expression(**fleet, fleet_open_extra=None) == ["edge", "everywhere"]


@pytest.mark.parametrize("program", sorted(ROLES.glob("*/files/*")), ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_program_of_a_host_runs_on_the_oldest_python_of_its_distributions(program: Path) -> None:
    """Ubuntu 22.04 has Python 3.10."""
    text = program.read_text(encoding="utf-8")
    if text.startswith("#!/usr/bin/python3"):
        ast.parse(text, feature_version=(3, 10))
        assert not {"tomllib", "datetime.UTC", "asyncio.timeout", "ExceptionGroup", "StrEnum"} & set(text.split())
