"""Redis as the role sets it up: what workers wrote is there after a restart, and nobody gets in without a password."""

from pathlib import Path

import pytest
import redis

from tests.support.processes import Process, free_port
from tests.support.redis import INTRODUCTION, commands
from tests.support.time.wait import until
from tests.support.tree.roles import render

PASSWORD = "a password of twenty characters or more"
RULES = " ".join(["resetchannels ~wl* &wl* -@all", *(f"+{name}" for name in commands() if name != INTRODUCTION)])
WRITES = (
    "redis.call('RPUSH', KEYS[1], ARGV[1]) redis.call('PEXPIRE', KEYS[1], 600000) return redis.call('PTTL', KEYS[1])"
)


class State:
    """A Redis that keeps what is written, with the role's users; `start` anew finds the same files."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        (folder / "users.acl").write_text(
            render("redis", "users.acl.j2", redis_users=[{"name": "app", "password": PASSWORD, "rules": RULES}])
        )
        options = [
            "--aclfile",
            str(folder / "users.acl"),
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ]
        self._command = ["redis-server", "--port", str(self.port), "--dir", str(folder), *options]
        self._log = folder / "redis.log"

    def start(self) -> "State":
        self.process = Process(self._command, log=self._log).listening(self.port)
        until(self._loaded, seconds=20, what="Redis to have read its file")
        return self

    def as_app(self) -> redis.Redis:
        return redis.Redis(port=self.port, username="app", password=PASSWORD, decode_responses=True)

    def _loaded(self) -> bool:
        try:
            with self.as_app() as client:
                return bool(client.ping())
        except redis.BusyLoadingError:
            return False


def test_what_a_script_wrote_in_several_steps_outlives_a_restart(tmp_path: Path) -> None:
    """Redis reads its file as the user that is off: what that may not do would be lost without a word to anybody."""
    state = State(tmp_path).start()
    with state.as_app() as client:
        client.eval(WRITES, 1, "wl:session", "said")
        client.set("wl:plain", "1")
    state.process.kill()
    state.start()
    with state.as_app() as client:
        assert client.get("wl:plain") == "1"
        assert client.lrange("wl:session", 0, -1) == ["said"]
        assert int(client.pttl("wl:session")) > 0
    state.process.kill()


@pytest.mark.parametrize("password", [None, "", "guessed"])
def test_nobody_gets_in_as_the_user_that_is_off(tmp_path: Path, password: str | None) -> None:
    state = State(tmp_path).start()
    with redis.Redis(port=state.port, password=password) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    state.process.kill()
