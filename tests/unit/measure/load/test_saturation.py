"""What is named when something runs out."""

import pytest

from tests.measure.load.saturation import Busy, Sample, first, kind


def sample(users: int, machine: float, **busiest: float) -> Sample:
    return Sample(users, {name: Busy(share * 2, share) for name, share in busiest.items()}, machine)


def test_a_process_that_uses_all_of_its_core_is_named_with_the_users_at_that_time() -> None:
    samples = [sample(10 * n, 0.6, worker=0.3 * n, nginx=0.1) for n in range(1, 5)]
    assert first(samples) == "first saturated: worker, one process busy 90% of a core, at 40 users"


def test_one_busy_second_is_not_saturation() -> None:
    samples = [sample(10, 0.5, worker=share) for share in (0.2, 1.0, 0.2, 0.2)]
    assert first(samples).startswith("nothing was saturated: at most 50% of all cores, by worker 0.4 cores")


def test_a_machine_without_idle_cores_is_named_with_who_uses_them() -> None:
    assert first([sample(7, 0.97, worker=0.6, redis=0.2)] * 3) == (
        "first saturated: all cores of this machine, by worker 1.2, redis 0.4 cores, at 7 users"
    )


def test_what_does_not_belong_to_the_fleet_is_not_its_bottleneck() -> None:
    assert first([sample(7, 0.5, other=1.0)] * 3).startswith("nothing was saturated")


def test_without_a_look_nothing_is_claimed() -> None:
    assert first([]) == "nobody looked for what saturates"


@pytest.mark.parametrize(
    ("name", "command", "what"),
    [
        ("python", "python -m warmline worker", "worker"),
        ("python", "python -m warmline simulate sarvam --port 1", "simulator"),
        ("python", "python -m locust --users 1", "locust"),
        ("nginx", "nginx: worker process", "nginx"),
        ("redis-server", "redis-server *:6379", "redis"),
        ("bash", "bash", "other"),
    ],
)
def test_processes_are_known_by_name_or_command(name: str, command: str, what: str) -> None:
    assert kind(name, command) == what
