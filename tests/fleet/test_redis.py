"""Two Redis instances: one forgets when it is full, one must not; both are closed to strangers."""

import json
from typing import Any

import pytest

from tests.support import fleet

INSTANCES = {"cache": fleet.PORTS["redis-cache"], "state": fleet.PORTS["redis-state"]}
CLIENT = """
import json, redis, sys
job = json.load(sys.stdin)
def connect(user, password, port):
    return redis.Redis(
        host=job["host"], port=port, username=user, password=password, socket_timeout=5, decode_responses=True
    )
"""


def as_user(user: str, program: str, **job: object) -> Any:
    """Run a program beside a worker, as `user` of both instances; what it prints is its result as JSON.

    The password travels on standard input: never in an argument, which other users of the host could read.
    """
    password = fleet.secrets().get(f"redis_{user}", "wrong")
    given = {"host": fleet.addresses()["redis-1"], "user": user, "password": password, **job}
    command = "printf %%s %s | docker exec --interactive %s python -c %s"
    host = fleet.host("agent-1")
    container = fleet.slot("agent-1", 1)["container"]
    return json.loads(host.check_output(command, json.dumps(given), container, CLIENT + program))


def tried(user: str, instance: str, *command: str) -> str:
    """What Redis answers to one command."""
    program = """
try:
    print(json.dumps(str(connect(job["user"], job["password"], job["port"]).execute_command(*job["command"]))))
except redis.RedisError as error:
    print(json.dumps(f"{type(error).__name__}: {error}"))
"""
    answer: str = as_user(user, program, port=INSTANCES[instance], command=command)
    return answer


@pytest.mark.parametrize("instance", INSTANCES)
def test_a_stranger_gets_nowhere(instance: str) -> None:
    assert "AuthenticationError" in tried("default", instance, "PING")
    assert "AuthenticationError" in tried("nobody", instance, "PING")


@pytest.mark.parametrize("instance", INSTANCES)
def test_the_workers_user_reads_and_writes_keys_of_ours(instance: str) -> None:
    assert tried("app", instance, "SET", "wl:test", "1", "PX", "1000") == "True"
    assert tried("app", instance, "EVAL", "return redis.call('GET', KEYS[1])", "1", "wl:test") == "1"


@pytest.mark.parametrize("instance", INSTANCES)
@pytest.mark.parametrize(
    "command",
    [
        "FLUSHALL",
        "FLUSHDB",
        "KEYS *",
        "CONFIG GET maxmemory",
        "CONFIG SET maxmemory 1",
        "ACL LIST",
        "SHUTDOWN NOSAVE",
        "REPLICAOF NO ONE",
        "MONITOR",
        "CLIENT LIST",
        "SAVE",
        "SCRIPT FLUSH",
        "SCRIPT KILL",
        "FUNCTION FLUSH",
        "FUNCTION LIST",
        "MEMORY PURGE",
        "MEMORY USAGE wl:test",
        "SELECT 1",
        "RANDOMKEY",
        "SCAN 0",
        "DBSIZE",
        "CLIENT KILL ID 1",
        "CLIENT NO-EVICT on",
        "OBJECT FREQ wl:test",
        "PSUBSCRIBE *",
        "PUBSUB CHANNELS",
        "COPY wl:test wl:other",
        "SET other 1",
        "GET other",
        "PUBLISH __sentinel__:hello x",
    ],
)
def test_the_workers_user_may_not(instance: str, command: str) -> None:
    assert "NoPermissionError" in tried("app", instance, *command.split())


@pytest.mark.parametrize("instance", INSTANCES)
def test_the_exporters_user_sees_numbers_and_no_keys(instance: str) -> None:
    assert "redis_version" in tried("exporter", instance, "INFO", "server")
    assert "NoPermissionError" in tried("exporter", instance, "GET", "wl:test")
    assert "NoPermissionError" in tried("exporter", instance, "SET", "wl:test", "1")


def test_the_instances_run_with_the_policies_that_were_designed() -> None:
    def setting(instance: str, name: str) -> str:
        return tried("admin", instance, "CONFIG", "GET", name)

    assert "allkeys-lfu" in setting("cache", "maxmemory-policy")
    assert "'appendonly': 'no'" in setting("cache", "appendonly")
    assert "noeviction" in setting("state", "maxmemory-policy")
    assert "'appendonly': 'yes'" in setting("state", "appendonly")
    assert all("'save': ''" in setting(instance, "save") for instance in INSTANCES)


def test_overfilling_the_cache_evicts_there_and_loses_nothing_of_the_state() -> None:
    program = """
cache, state = (connect(job["user"], job["password"], port) for port in job["ports"])
keys = [f"wl:kept:{i}" for i in range(500)]
for key in keys:
    state.set(key, key)
for start in range(0, job["mib"] * 16, 64):
    with cache.pipeline(transaction=False) as pipe:
        for i in range(start, start + 64):
            pipe.set(f"wl:flood:{i}", "x" * 65536, ex=60)
        pipe.execute()
flooded = cache.exists(*(f"wl:flood:{i}" for i in range(job["mib"] * 16)))
kept = sum(value == key for key, value in zip(keys, state.mget(keys)))
state.delete(*keys)
print(json.dumps({"flooded": flooded, "kept": kept, "sent": job["mib"] * 16}))
"""
    found = as_user("app", program, ports=list(INSTANCES.values()), mib=128)
    assert found["kept"] == 500
    assert 0 < found["flooded"] < found["sent"]
    evicted = tried("admin", "state", "INFO", "stats")
    assert "'evicted_keys': 0" in evicted


def test_a_full_state_refuses_to_write_and_keeps_what_it_has() -> None:
    program = """
state = connect(job["user"], job["password"], job["port"])
state.set("wl:first", "kept")
refused = None
written = 0
try:
    for written in range(1, 3000):
        state.set(f"wl:fill:{written}", "x" * 65536, ex=120)
except redis.RedisError as error:
    refused = str(error)
first = state.get("wl:first")
state.delete("wl:first", *(f"wl:fill:{i}" for i in range(1, written + 1)))
print(json.dumps({"refused": refused, "first": first}))
"""
    found = as_user("app", program, port=INSTANCES["state"])
    assert "command not allowed when used memory > 'maxmemory'" in found["refused"]
    assert found["first"] == "kept"


def test_the_state_survives_a_restart_and_the_cache_does_not() -> None:
    for instance in INSTANCES:
        assert tried("app", instance, "SET", "wl:survivor", "here", "EX", "120") == "True"
        steps = ("'DEL', KEYS[1]", "'RPUSH', KEYS[1], 'a'", "'PEXPIRE', KEYS[1], 120000")
        several = " ".join(f"redis.call({step})" for step in steps) + " return 1"
        assert tried("app", instance, "EVAL", several, "1", "wl:survivors") == "1"
    # Every second is written to disk (appendfsync everysec); a stop writes the rest.
    fleet.host("redis-1").check_output("docker restart warmline-redis-cache warmline-redis-state")
    assert tried("app", "state", "GET", "wl:survivor") == "here"
    assert tried("app", "cache", "GET", "wl:survivor") == "None"
    assert tried("app", "state", "LRANGE", "wl:survivors", "0", "-1") == "['a']"
    assert tried("app", "cache", "EXISTS", "wl:survivors") == "0"


@pytest.mark.parametrize("instance", INSTANCES)
def test_passwords_reach_the_host_as_digests_only(instance: str) -> None:
    folder = f"/etc/warmline/redis-{instance}"
    files = fleet.host("redis-1").check_output(f"cat {folder}/redis.conf {folder}/users.acl")
    assert "user default off" in files
    assert not any(secret in files for secret in fleet.secrets().values())
