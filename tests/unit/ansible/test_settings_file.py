"""The workers' file of variables says what the inventory says, or is not written."""

import pytest

from tests.support.tree.roles import render

URL = "http://10.0.0.1"
REQUIRED = {
    f"agent_{name}": URL for name in ("redis_cache_url", "redis_state_url", "data_convex_url", "speech_sarvam_url")
}
SECRETS = {"agent_data_convex_deploy_key": "", "agent_webhook_secrets": [], "agent_limits": {}}


def variables(**settings: object) -> list[str]:
    """The lines of a worker's file for these `agent_settings`."""
    return render("agent", "worker.env.j2", **REQUIRED, **SECRETS, agent_settings=settings).splitlines()


@pytest.mark.parametrize("value", ["sahyadri,kaveri", ["sahyadri", "kaveri"]])
def test_organisations_that_opt_out_may_be_a_list_or_have_commas_between_them(value: object) -> None:
    assert "WARMLINE_POPULAR_OPT_OUT=sahyadri,kaveri" in variables(popular_opt_out=value)


def test_numbers_are_written_as_they_are() -> None:
    assert {"WARMLINE_CACHE_RAG_TTL=600", "WARMLINE_BURST=0.5"} <= {*variables(cache_rag_ttl=600, burst=0.5)}


@pytest.mark.parametrize("value", ["info\nWARMLINE_PORT=1", "info\n", None, {"a": 1}, [["a"]], ["a,b"]])
def test_what_one_line_cannot_hold_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(ValueError, match=r"agent_settings\.log_level"):
        variables(log_level=value)
