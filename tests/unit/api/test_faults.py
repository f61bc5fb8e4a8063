"""Every error has a status, and the status says whose fault it is."""

import inspect

import pytest

from warmline import errors
from warmline.api.faults import status_of
from warmline_cache.errors import InvalidationFailed, UpstreamError, WarmlineError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, WarmlineError)]


def raised(kind: type[WarmlineError]) -> WarmlineError:
    if issubclass(kind, UpstreamError):
        return kind("sarvam", "detail")
    if issubclass(kind, errors.SettingsError):
        return kind(["detail"])
    return kind("detail")


@pytest.mark.parametrize("kind", ALL)
def test_the_status_says_whose_fault_it_is(kind: type[WarmlineError]) -> None:
    status = status_of(raised(kind))
    if issubclass(kind, errors.CallerError):
        assert 400 <= status < 500
    elif issubclass(kind, UpstreamError):
        assert status in {502, 503}
    elif issubclass(kind, InvalidationFailed):
        assert status == 503
    else:
        assert status == 500


def test_codes_tell_errors_apart() -> None:
    leaves = [kind for kind in ALL if not kind.__subclasses__()]
    assert len({kind.code for kind in leaves}) == len(leaves)
