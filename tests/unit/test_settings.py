"""Settings are read whole or refused whole."""

from pathlib import Path

import pytest

from warmline import settings
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
        "WARMLINE_CONVEX_URL": "https://happy-animal-123.convex.cloud",
        "WARMLINE_SARVAM_URL": "https://api.sarvam.ai",
        "WARMLINE_SARVAM_KEY_FILE": str(tmp_path / "sarvam"),
    }


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings.read(environment)
    return list(caught.value.problems)


def test_good_settings_are_typed_and_defaults_are_filled_in(good: dict[str, str]) -> None:
    read = settings.read({**good, "WARMLINE_PORT": "9000", "PATH": "/bin"})
    assert (read.port, read.admin_port, read.profile) == (9000, 8200, "low_traffic")
    assert read.caches().rag.ttl == 300


def test_the_profiles_differ_as_designed(good: dict[str, str]) -> None:
    high = settings.read({**good, "WARMLINE_PROFILE": "high_traffic"}).caches()
    low = settings.read(good).caches()
    assert (low.rag.ttl, high.rag.ttl) == (300, 1800)
    assert (low.config.ttl, high.config.ttl) == (60, 300)
    assert (low.tts.max_entries, high.tts.max_entries) == (100, 500)


def test_each_number_of_the_sockets_profile_can_be_overridden_on_its_own(good: dict[str, str]) -> None:
    def numbers(**given: str) -> tuple[int, int]:
        sockets = (
            settings.read({**good, **{f"WARMLINE_{name.upper()}": value for name, value in given.items()}})
            .caches()
            .sockets
        )
        return sockets.prewarm, sockets.maximum

    assert numbers() == (2, 20)
    assert numbers(profile="high_traffic") == (5, 50)
    assert numbers(profile="high_traffic", sarvam_sockets_prewarm="0") == (0, 50)
    assert numbers(sarvam_sockets_maximum="7") == (2, 7)


def test_a_socket_url_of_another_kind_is_refused(good: dict[str, str]) -> None:
    said = problems({**good, "WARMLINE_SARVAM_SOCKET_URL": "https://api.sarvam.ai"})
    assert "must begin with ws:// or wss://" in said[0]


def test_names_are_listed_with_commas(good: dict[str, str]) -> None:
    assert settings.read(good).popular_opt_out == ()
    read = settings.read({**good, "WARMLINE_POPULAR_OPT_OUT": " sahyadri, kaveri,"})
    assert read.popular_opt_out == ("sahyadri", "kaveri")


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
    del good["WARMLINE_SLOT"], good["WARMLINE_CONVEX_URL"]
    assert problems(good) == ["WARMLINE_SLOT: Field required", "WARMLINE_CONVEX_URL: Field required"]


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


def test_a_user_in_the_redis_url_is_fine_and_a_password_is_not(good: dict[str, str]) -> None:
    assert settings.read(good).redis_cache_url == "redis://app@10.0.0.1:6379/0"
    said = problems({**good, "WARMLINE_REDIS_CACHE_URL": "redis://app:hunter2@10.0.0.1:6379/0"})
    assert said == ["WARMLINE_REDIS_CACHE_URL: must hold no password; use WARMLINE_REDIS_CACHE_PASSWORD_FILE"]


def test_sentinels_without_the_service_they_watch_are_refused(good: dict[str, str]) -> None:
    said = problems({**good, "WARMLINE_REDIS_STATE_URL": "redis+sentinel://10.0.0.1:26379"})
    assert "must name the service" in said[0]


def test_a_secret_is_read_without_its_final_newline(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2\n")
    assert settings.revealed(tmp_path / "secret") == "hunter2"
    assert settings.revealed(None) is None


@pytest.mark.parametrize("content", [b"hunter\xff", b"hunter2\nhunter3", b"hunter\x002", b"hunter2\r\nhunter3\r\n"])
def test_what_can_be_no_secret_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match="secret file") as caught:
        settings.revealed(tmp_path / "secret")
    assert "hunter" not in str(caught.value)


def test_each_number_of_a_profile_can_be_set_on_its_own(good: dict[str, str]) -> None:
    read = settings.read({**good, "WARMLINE_CACHE_RAG_TTL": "600", "WARMLINE_CACHE_TTS_MAX_ENTRIES": "7"}).caches()
    assert (read.rag.ttl, read.tts.max_entries) == (600, 7)
    assert read.rag.stale_if_error == settings.read(good).caches().rag.stale_if_error
    assert settings.PROFILES["low_traffic"].rag.ttl == 300


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
