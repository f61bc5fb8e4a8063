"""What is done about a firewall that differs from what is written, and what Prometheus is told of it."""

from prometheus_client.parser import text_string_to_metric_families

from tests.support import programs

firewall = programs.load("base", "firewall")
RULES = 'table inet warmline {\n\ttcp dport 22 accept comment "sshd"\n}\n'
MORE = RULES.replace("}", "\ttcp dport 6379 accept\n}")


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


def test_prometheus_is_told_how_often_and_when() -> None:
    families = text_string_to_metric_families("\n".join(firewall.lines(2, 1700000000.4)) + "\n")
    told = {sample.name: sample.value for family in families for sample in family.samples}
    assert told == {
        "warmline_firewall_repairs_total": 2,
        "warmline_firewall_checked_timestamp_seconds": 1700000000,
    }
