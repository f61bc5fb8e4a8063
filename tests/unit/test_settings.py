"""Settings are read whole or refused whole."""

from pathlib import Path

import pytest

from tests.support.processes import ROOT
from warmline import settings
from warmline.__main__ import main
from warmline.errors import SettingsError


@pytest.fixture
def good(tmp_path: Path) -> dict[str, str]:
    for name in ("keys", "sarvam"):
        (tmp_path / name).write_text("content\n")
    return {
        "WARMLINE_SLOT": "agent-1/1",
        "WARMLINE_API_KEYS_FILE": str(tmp_path / "keys"),
        "WARMLINE_REDIS_CACHE_URL": "redis://app@10.0.0.1:6379/0",
        "WARMLINE_REDIS_STATE_URL": "redis+sentinel://app@10.0.0.1:26379,10.0.0.2/state/0",
        "WARMLINE_DATA_CONVEX_URL": "https://happy-animal-123.convex.cloud",
        "WARMLINE_SPEECH_SARVAM_URL": "https://api.sarvam.ai",
        "WARMLINE_SPEECH_SARVAM_KEY_FILE": str(tmp_path / "sarvam"),
    }


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.read(environment)
    return list(caught.value.problems)


def test_good_settings_are_typed_and_defaults_are_filled_in(good: dict[str, str]) -> None:
    read = settings.read({**good, "WARMLINE_PORT": "9000", "PATH": "/bin"})
    assert (read.port, read.admin_port, read.profile) == (9000, 8200, "low_traffic")
    assert read.cache["rag"].policy.ttl == 300


def test_the_profiles_differ_as_designed(good: dict[str, str]) -> None:
    high = settings.read({**good, "WARMLINE_PROFILE": "high_traffic"}).cache
    low = settings.read(good).cache
    assert (low["rag"].policy.ttl, high["rag"].policy.ttl) == (300, 1800)
    assert (low["config"].policy.ttl, high["config"].policy.ttl) == (60, 300)
    assert (low["tts"].max_entries, high["tts"].max_entries) == (100, 500)


def test_each_number_of_the_sockets_profile_can_be_overridden_on_its_own(good: dict[str, str]) -> None:
    def numbers(**given: str) -> tuple[int, int]:
        read = settings.read({**good, **{f"WARMLINE_{name.upper()}": value for name, value in given.items()}})
        sockets = read.speech.sockets
        return sockets.prewarm, sockets.maximum

    assert numbers() == (2, 20)
    assert numbers(profile="high_traffic") == (5, 50)
    assert numbers(profile="high_traffic", speech_sockets_prewarm="0") == (0, 50)
    assert numbers(speech_sockets_maximum="7") == (2, 7)


def test_a_socket_url_of_another_kind_is_refused(good: dict[str, str]) -> None:
    said = problems({**good, "WARMLINE_SPEECH_SARVAM_SOCKET_URL": "https://api.sarvam.ai"})
    assert "must begin with ws:// or wss://" in said[0]


def test_names_are_listed_with_commas(good: dict[str, str]) -> None:
    assert settings.read(good).popular.opt_out == ()
    read = settings.read({**good, "WARMLINE_POPULAR_OPT_OUT": " sahyadri, kaveri,"})
    assert read.popular.opt_out == ("sahyadri", "kaveri")


@pytest.mark.parametrize("written", ["['sahyadri', 'kaveri']", '"sahyadri"', "sahyadri kaveri", "\udcff"])
def test_names_that_nobody_has_are_refused_and_not_kept_as_a_wish_that_never_comes_true(
    good: dict[str, str], written: str
) -> None:
    (said,) = problems({**good, "WARMLINE_POPULAR_OPT_OUT": written})
    assert said.startswith("WARMLINE_POPULAR_OPT_OUT: ")


@pytest.mark.parametrize("number", ["inf", "nan", "1e999"])
def test_a_time_without_end_is_no_setting(good: dict[str, str], number: str) -> None:
    (said,) = problems({**good, "WARMLINE_SESSION_IDLE_SECONDS": number})
    assert said.startswith("WARMLINE_SESSION_IDLE_SECONDS: ")


def test_missing_settings_are_named(good: dict[str, str]) -> None:
    del good["WARMLINE_SLOT"], good["WARMLINE_DATA_CONVEX_URL"]
    assert problems(good) == ["WARMLINE_SLOT: Field required", "WARMLINE_DATA_CONVEX_URL: Field required"]


def test_a_misspelt_setting_is_refused_with_what_was_meant(good: dict[str, str]) -> None:
    assert problems({**good, "WARMLINE_PROFIL": "high_traffic"}) == [
        "WARMLINE_PROFIL: there is no such setting; did you mean WARMLINE_PROFILE?"
    ]


def test_ports_that_clash_are_refused(good: dict[str, str]) -> None:
    assert problems({**good, "WARMLINE_PORT": "8200"}) == ["WARMLINE_ADMIN_PORT: must differ from WARMLINE_PORT (8200)"]


@pytest.mark.parametrize("url", ["http://10.0.0.1", "10.0.0.1:6379", "redis://"])
def test_a_redis_url_of_another_kind_is_refused(good: dict[str, str], url: str) -> None:
    assert (
        "must begin with redis://, rediss://, redis+sentinel://"
        in problems({**good, "WARMLINE_REDIS_CACHE_URL": url})[0]
    )


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis://h?db=x", "option 'db' has a value that cannot be read"),
        ("redis://h?db=", "option 'db' has a value that cannot be read"),
        ("redis://h?db=-1", "option 'db' must not be negative"),
        ("redis://h/1?db=2", "option 'db' and the path name two databases"),
        ("redis://h?db=1&db=2", "option 'db' stands twice"),
        ("redis://h?dbb=3", "option 'dbb' is none of client_name, db, username"),
        ("redis://h?db", "options must be written name=value"),
        ("redis://h?password=hunter2", "option 'password' must not stand here: passwords come from files"),
        ("redis://h?socket_timeout=1", "option 'socket_timeout' cannot be set"),
        ("redis://h?protocol=2", "option 'protocol' cannot be set"),
        ("redis://h?ssl_cert_reqs=none", "option 'ssl_cert_reqs' is for rediss:// alone"),
        ("rediss://h?ssl_cert_reqs=never", "option 'ssl_cert_reqs' has a value that cannot be read"),
        ("rediss://h?ssl_password=hunter2", "option 'ssl_password' must not stand here"),
        ("rediss://h?ssl_ca_certs=/no/such/file.pem", "option 'ssl_ca_certs': there is no file /no/such/file.pem"),
        ("redis+sentinel://h/service?ssl_cert_reqs=none", "option 'ssl_cert_reqs' is for rediss:// alone"),
        ("redis+sentinel://h/service/1?db=2", "name two databases"),
        ("redis+sentinel://h,/service", "each host must be written host or host:port"),
        ("redis+sentinel://h:x,i/service", "Port could not be cast"),
        ("redis://h/database", "the database in the path must be a whole number"),
        ("redis://h/0/1", "the database in the path must be a whole number"),
        ("redis://h#0", "must have no fragment"),
        ("redis://:6379", "each host must be written host or host:port"),
        ("redis://h:", "each host must be written host or host:port"),
        ("redis://h:0", "each host must be written host or host:port"),
    ],
)
def test_no_part_of_a_redis_url_is_dropped_without_a_word(good: dict[str, str], url: str, named: str) -> None:
    (said,) = problems({**good, "WARMLINE_REDIS_CACHE_URL": url})
    assert named in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "url",
    [
        "redis://h?",
        "redis://h/3?db=3",
        "rediss://user@h:6380/?ssl_cert_reqs=none&ssl_check_hostname=false",
        "redis+sentinel://[::1]:26379,[::2]/service/2?client_name=me",
    ],
)
def test_a_redis_url_that_can_be_read_whole_is_taken(good: dict[str, str], url: str) -> None:
    assert settings.read({**good, "WARMLINE_REDIS_CACHE_URL": url}).redis_cache.url == url


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://", "name a host"),
        ("http://a b", "name a host"),
        ("http://a\n", "name a host"),
        ("https://:443", "name a host"),
        ("https://key:hunter2@convex.example", "must hold no user and no password"),
        ("https://convex.example?team=1", "no query"),
        ("https://convex.example/?", "no query"),
        ("https://convex.example/#x", "no fragment"),
        ("https://convex.example:x", "Port"),
    ],
)
def test_no_part_of_a_providers_url_is_dropped_without_a_word(good: dict[str, str], url: str, named: str) -> None:
    for name in ("WARMLINE_DATA_CONVEX_URL", "WARMLINE_SPEECH_SARVAM_URL"):
        (said,) = problems({**good, name: url})
        assert named in said
        assert "hunter2" not in said


def test_a_providers_url_may_have_a_path_and_its_sockets_url_a_query(good: dict[str, str]) -> None:
    given = {
        "WARMLINE_DATA_CONVEX_URL": "https://h/behind/a/proxy/",
        "WARMLINE_SPEECH_SARVAM_SOCKET_URL": "wss://h/ws?team=1",
    }
    assert settings.read({**good, **given}).data.convex.url == "https://h/behind/a/proxy/"


def test_a_user_in_the_redis_url_is_fine_and_a_password_is_not(good: dict[str, str]) -> None:
    assert settings.read(good).redis_cache.url == "redis://app@10.0.0.1:6379/0"
    said = problems({**good, "WARMLINE_REDIS_CACHE_URL": "redis://app:hunter2@10.0.0.1:6379/0"})
    assert said == ["WARMLINE_REDIS_CACHE_URL: must hold no password; use WARMLINE_REDIS_CACHE_PASSWORD_FILE"]


def test_sentinels_without_the_service_they_watch_are_refused(good: dict[str, str]) -> None:
    said = problems({**good, "WARMLINE_REDIS_STATE_URL": "redis+sentinel://10.0.0.1:26379"})
    assert "must name the service" in said[0]


def test_a_secret_is_read_without_its_final_newline(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    assert settings.read_secret(tmp_path / "secret") == "hunter2"
    assert settings.read_secret(None) is None


@pytest.mark.parametrize("content", [b"hunter\xff", b"hunter2\nhunter3", b"hunter\x002", b"hunter2\r\nhunter3\r\n"])
def test_what_can_be_no_secret_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match="secret file") as caught:
        settings.read_secret(tmp_path / "secret")
    assert "hunter" not in str(caught.value)


def test_each_number_of_a_profile_can_be_set_on_its_own(good: dict[str, str]) -> None:
    read = settings.read({**good, "WARMLINE_CACHE_RAG_TTL": "600", "WARMLINE_CACHE_TTS_MAX_ENTRIES": "7"}).cache
    assert (read["rag"].policy.ttl, read["tts"].max_entries) == (600, 7)
    assert read["rag"].policy.stale_if_error == settings.read(good).cache["rag"].policy.stale_if_error
    assert settings.PROFILES["low_traffic"].cache["rag"].policy.ttl == 300


@pytest.mark.parametrize("name", settings.NUMBERS)
def test_a_bad_number_is_refused_by_its_name(good: dict[str, str], name: str) -> None:
    said = problems({**good, f"WARMLINE_{name.upper()}": "-1", "WARMLINE_PORT": "x"})
    assert [line.partition(":")[0] for line in said] == ["WARMLINE_PORT", f"WARMLINE_{name.upper()}"]


def test_a_misspelt_number_is_refused_with_what_was_meant(good: dict[str, str]) -> None:
    assert problems({**good, "WARMLINE_CACHE_RAG_TLL": "600"}) == [
        "WARMLINE_CACHE_RAG_TLL: there is no such setting; did you mean WARMLINE_CACHE_RAG_TTL?"
    ]


def test_the_numbers_themselves_are_no_setting(good: dict[str, str]) -> None:
    assert "WARMLINE_NUMBERS" in problems({**good, "WARMLINE_NUMBERS": "{}"})[0]


@pytest.mark.parametrize(("old", "new"), settings.RENAMED.items())
def test_a_setting_that_has_another_name_now_is_refused_by_that(good: dict[str, str], old: str, new: str) -> None:
    (said,) = problems({**good, f"WARMLINE_{old.upper()}": "7"})
    assert said == f"WARMLINE_{old.upper()}: is called WARMLINE_{new.upper()} now"
    value = text_for(new, good)
    read = settings.flatten(settings.read({**good, f"WARMLINE_{new.upper()}": value}))[new]
    assert read in {7, value, (value,), Path(value)}
    assert read != settings.SETTINGS[new].default


def text_for(name: str, good: dict[str, str]) -> str:
    """A value of a setting of this name that is not its default."""
    ends = {
        "_socket_url": "wss://h/ws",
        "_url": "https://h",
        "_file": good["WARMLINE_API_KEYS_FILE"],
        "_language_field": "language_code",
        "_models": "bulbul:v2",
    }
    return next((text for end, text in ends.items() if name.endswith(end)), "7")


@pytest.mark.parametrize("name", ["data_provider", "speech_provider"])
def test_a_provider_that_there_is_not_is_refused(good: dict[str, str], name: str) -> None:
    (said,) = problems({**good, f"WARMLINE_{name.upper()}": "another"})
    assert said.startswith(f"WARMLINE_{name.upper()}: ")
    chosen = settings.SETTINGS[name].default
    assert f"{name.removesuffix('provider')}{chosen}_url" in settings.SETTINGS


def test_every_setting_says_what_it_means_and_every_time_its_unit() -> None:
    for name, setting in settings.SETTINGS.items():
        assert len(setting.meaning) > 10, name
        if name.endswith(("_seconds", "_timeout", "ttl")):
            assert setting.unit == "s", name


def test_the_page_of_settings_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--list"]) == 0
    page = ROOT / "docs" / "operate" / "settings.md"
    assert capsys.readouterr().out == page.read_text(encoding="utf-8"), "run `make settings-page`"
