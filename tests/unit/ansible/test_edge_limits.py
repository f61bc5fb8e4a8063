"""What an edge may take grows with what it runs: processes, memory, files."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.processes import ROOT
from tests.support.tree.plugins import load
from warmline.settings import PROFILES, SETTINGS, Profile

edge = load("filter", "edge")
rollout = load("filter", "rollout")
ledgers = load("filter", "ledger")
ROLE = ROOT / "ansible" / "roles" / "nginx"


def read(path: str) -> Any:
    return yaml.safe_load((ROLE / path).read_text(encoding="utf-8"))


@given(processes=st.integers(1, 64), old=st.integers(0, 200), percent=st.integers(1, 100))
def test_there_is_room_for_every_process_of_a_whole_rollout_and_of_going_back(
    processes: int, old: int, percent: int
) -> None:
    """None of the conversations ends: each reload adds its processes to those that were there."""
    reloads = edge.reloads(percent)
    limits = edge.limits(processes, 4096, old, reloads)
    alive = processes + old  # before it begins
    for _ in range(reloads):
        alive += processes
        assert alive + edge.BESIDE <= limits["pids"]


@given(slots=st.integers(1, 60), percent=st.integers(1, 100))
def test_no_rollout_reloads_more_often_than_there_is_room_for(slots: int, percent: int) -> None:
    inventory = {"hosts": ["agent-1"], "addresses": {"agent-1": "10.0.0.1"}, "per_host": min(slots, 49)}
    now = ledgers.wish(ledgers.ledger([], [], inventory), inventory)
    target = {"release": "2", "image": "i", "percent": percent}
    batches = rollout.rollout(now, now, [], target)["batches"]
    assert len(batches) + 1 <= edge.reloads(percent)


@pytest.mark.parametrize("processes", [1, 2, 16, 64])
def test_memory_covers_what_the_processes_may_carry(processes: int) -> None:
    limits = edge.limits(processes, 4096, 24, 8)
    conversations = processes * 4096 // 2
    assert limits["memory_mib"] * 1024 > conversations * edge.CONVERSATION_KIB + limits["pids"] * 2 * 1024
    assert limits["files"] > 4096


def test_the_defaults_leave_a_container_that_is_there_as_it_is() -> None:
    """Its number of processes cannot be changed while it runs: it would be made anew, and conversations with it."""
    defaults = read("defaults/main.yml")
    names = ("worker_processes", "worker_connections", "old_processes", "reloads")
    limits = edge.limits(*(defaults[f"nginx_{name}"] for name in names))
    assert limits["pids"] == 64
    assert limits["memory_mib"] <= 640
    assert defaults["nginx_reloads"] == edge.reloads(25)


def test_another_name_of_the_same_image_leaves_the_container_as_it_is() -> None:
    """Hosts call images by digest now, and called them by tag: the edge would be without nginx meanwhile."""
    (wanted,) = read("tasks/run.yml")
    (run,) = read("../container/tasks/run.yml")
    assert wanted["ansible.builtin.import_role"] == {"name": "container"}
    assert wanted["vars"]["container_image_name_mismatch"] == "ignore"
    assert run["community.docker.docker_container"]["image_name_mismatch"] == "{{ container_image_name_mismatch }}"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_an_edge_waits_longer_than_a_worker_does_for_its_providers(profile: Profile) -> None:
    """Or it would ask another worker for what the first is about to answer."""
    defaults = read("defaults/main.yml")
    lookups = 2 * SETTINGS["data_convex_timeout"].default  # the configuration, then the rest at once
    assert defaults["nginx_answer_timeout"] > lookups
    assert defaults["nginx_speech_timeout"] > profile.cache["tts"].policy.load_timeout


def test_only_processes_that_take_connections_serve() -> None:
    listed = [" 7 nginx: worker process is shutting down", "12 nginx: worker process", "9 sh -c nginx", " 8"]
    assert edge.serving(listed) == ["12"]
