import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from warmline_studies.__main__ import main
from warmline_studies.tuner.metrics import Limit, Watched, advise

LOOKUPS = {
    ("tts", "l1"): 3.0, ("tts", "l2"): 2.0, ("tts", "origin"): 1.0,
    ("rag", "l1"): 1.0, ("rag", "origin"): 3.0,
    ("config", "l1"): 9.0, ("config", "l2"): 1.0,
}  # fmt: skip
REMOVALS = {("tts", "evicted"): 1.0, ("config", "expired"): 0.1}


LIMITS: dict[str, dict[tuple[str, str], float]] = {
    "max by (cache) (warmline_cache_l1_limit_bytes)": {("tts", ""): 3e7, ("config", ""): 2e6},
    "max by (cache) (warmline_cache_l1_limit_entries)": {("tts", ""): 500},
}


class Prometheus(http.server.BaseHTTPRequestHandler):
    """Answers instant queries for the metrics that are asked for."""

    def do_GET(self) -> None:
        expression = parse_qs(urlsplit(self.path).query).get("query", [""])[0]
        label, counts = ("source", LOOKUPS) if "lookups_total[2d]" in expression else ("cause", REMOVALS)
        values = LIMITS.get(expression, counts)
        result = [
            {"metric": {"cache": cache, **({label: other} if other else {})}, "value": [0, str(value)]}
            for (cache, other), value in values.items()
        ]
        self.send_response(200)
        self.end_headers()
        answer = {"status": "success", "data": {"resultType": "vector", "result": result}}
        self.wfile.write(json.dumps(answer).encode() if self.path.startswith("/api") else b"<html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prometheus) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_metrics_say_which_bound_hurts(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--metrics", url, "--window", "2d", "--profile", "low_traffic"]) == 0
    said = capsys.readouterr().out
    assert "cache_tts_max_entries: 1000" in said
    assert "cache_tts_max_bytes: 60000000" in said
    assert "cache_rag_ttl: 600" in said
    assert "cache_config" not in said
    assert "prompt" not in said


def test_what_metrics_advise_is_written_where_it_is_told(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vars.yml"
    file.write_text("# ours\nagent_settings:\n  cache_rag_ttl: 1  # short\n")
    file.chmod(0o640)
    asked = ["tune", "--metrics", url, "--window", "2d", "--profile", "low_traffic"]
    assert main([*asked, "--apply", str(file)]) == 0
    assert "cache_rag_ttl: 600  # short" in file.read_text()
    assert file.read_text().startswith("# ours\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]
    assert "vars.yml" in capsys.readouterr().err


def test_without_the_fleets_profile_no_ttl_is_made_up(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vars.yml"
    file.write_text("agent_settings:\n  cache_rag_ttl: 1\n")
    assert main(["tune", "--metrics", url, "--window", "2d", "--apply", str(file)]) == 0
    assert "name the fleet's own --profile" in capsys.readouterr().out
    assert "cache_rag_ttl: 1\n" in file.read_text()
    assert "cache_tts_max_entries: 1000" in file.read_text()


def test_what_is_advised_stays_within_what_is_allowed(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["tune", "--metrics", url, "--window", "2d", "--profile", "low_traffic"]
    assert main([*asked, "--l1-mib", "40", "--set", "cache_rag_ttl=1000"]) == 0
    said = capsys.readouterr().out
    assert f"cache_tts_max_bytes: {40 * 1024 * 1024}" in said
    assert "cache_rag_ttl: 1800" in said
    assert main([*asked, "--l1-mib", "20", "--set", "cache_rag_ttl=1800"]) == 0
    said = capsys.readouterr().out
    assert "has all that --l1-mib allows" in said
    assert "the ttl is as long as is good" in said
    assert "cache_" not in said


def test_workers_that_do_not_tell_their_limits_are_not_guessed_at() -> None:
    seen = Watched(1.0, {"l2": 0.5}, {"evicted": 0.5}, Limit())
    assert advise("tts", seen, None) == (
        {},
        "L1 is too small: it evicts what lives; the workers' metrics do not say how large it is",
    )


@pytest.mark.parametrize("number", ["inf", "nan"])
def test_a_lifetime_without_end_is_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--set", f"cache_rag_ttl={number}"]) == 2
    assert "finite number" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "says"),
    [("http://127.0.0.1:1", "no answer of a Prometheus"), ("file:///etc/passwd", "http:// or https://")],
)
def test_a_prometheus_that_is_none_is_refused(where: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--metrics", where]) == 2
    assert says in capsys.readouterr().err


def test_something_else_at_the_address_is_no_prometheus(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", "--metrics", f"{url}/other"]) == 2
    assert "no answer of a Prometheus" in capsys.readouterr().err


def test_a_trace_tunes_an_inventory_and_draws_its_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, svg = tmp_path / "vars.yml", tmp_path / "curves.svg"
    file.write_text("agent_settings:\n  cache_rag_ttl: 1\n")
    shape = ["--shape", "conversations=100", "callers=50", "questions=20", "seconds=7200"]
    assert main(["tune", *shape, "--apply", str(file), "--svg", str(svg)]) == 0
    settings = capsys.readouterr().out.partition("agent_settings:\n")[2]
    assert sorted(file.read_text().splitlines()[1:]) == sorted(settings.rstrip("\n").splitlines())
    assert svg.read_text().startswith("<svg")


def test_a_file_that_cannot_be_changed_safely_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "vars.yml"
    file.write_text("agent_settings: {cache_rag_ttl: 1}\n")
    shape = ["--shape", "conversations=100", "callers=50", "questions=20", "seconds=7200"]
    assert main(["tune", *shape, "--apply", str(file)]) == 2
    assert "one setting a line" in capsys.readouterr().err
    assert file.read_text() == "agent_settings: {cache_rag_ttl: 1}\n"


@pytest.mark.parametrize("shape", ["conversations=1000 seconds=3000", "conversations=20 seconds=20000"])
def test_nothing_is_written_from_a_glimpse(shape: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "vars.yml"
    file.write_text("agent_settings:\n  cache_rag_ttl: 1\n")
    assert main(["tune", "--shape", *shape.split(), "--apply", str(file)]) == 2
    out, err = capsys.readouterr()
    assert "too few to write settings from" in err
    assert "hours were looked at" in out
    assert file.read_text() == "agent_settings:\n  cache_rag_ttl: 1\n"
