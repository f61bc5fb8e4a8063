"""Every error Warmline raises on purpose, grouped by who must act.

    WarmlineError
    ├── CallerError              the caller must change the request
    │   ├── Unauthenticated      no API key, or one we do not know
    │   │   └── WebhookRefused   a webhook that is not signed as agreed, or not now; carries the reason
    │   ├── NotFound             nothing of that name belongs to the caller's organisation
    │   ├── InvalidInput         a field of the request is wrong; carries the field's name
    │   ├── TooLarge             the request is larger than we read
    │   ├── UnsupportedMedia     the body is of a type we do not read
    │   ├── NotAcceptable        the caller accepts nothing we can send
    │   └── LimitReached         the organisation asks more often than agreed; says when to come back
    │       └── SpendLimitReached  its money for today is spent; what is cached is still served
    ├── UpstreamError            a provider must act; carries the provider's name
    │   ├── UpstreamUnavailable  it could not be reached, was too slow, or said it is overloaded
    │   ├── UpstreamExhausted    the account's quota or credit is used up
    │   └── UpstreamRejected     it refused a request that we believed valid
    │       └── FunctionFailed   the application's own function threw; carries what it threw
    └── OperatorError            whoever runs Warmline must act
        ├── SettingsError        the process must not start like this; lists every problem
        └── SessionsFull         this worker holds as many voice sessions as it may

The caches' own errors, on which these build, are in `warmline_cache.errors`. Which HTTP status each becomes is decided
in one place, `api/faults.py`.
"""

from collections.abc import Sequence

from warmline_cache.errors import LoadRefused, OperatorError, UpstreamError, WarmlineError

WORKER_FAILED = "the worker failed; its operators have been told"
"""What callers are told of a fault of ours."""


def blame_provider(error: UpstreamError) -> str:
    """Say what callers are told of a provider's error: the provider's name, and none of its words."""
    return f"{error.upstream} did not answer this request"


class CallerError(WarmlineError):
    """The request is at fault; `field` names the part of it, where there is one."""

    code = "bad_request"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Unauthenticated(CallerError):
    """Raised before anything is looked up, so that it says nothing about what exists."""

    code = "unauthenticated"


class WebhookRefused(Unauthenticated):
    """`reason` is a word of `api.signature.SignatureRefusal`; nothing was changed."""

    code = "webhook_refused"

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message)
        self.code = f"webhook_{reason}"
        self.reason = reason


class NotFound(CallerError):
    """Raised alike for what does not exist and for what belongs to another organisation."""

    code = "not_found"


class AgentNotFound(NotFound):
    """No such agent in the caller's organisation."""

    code = "agent_not_found"


class SessionNotFound(NotFound):
    """No such voice session in the caller's organisation, or none any more."""

    code = "session_not_found"


class InvalidInput(CallerError):
    """One field of the request is missing, empty, malformed or out of range."""

    code = "invalid_input"


class TooLarge(CallerError):
    """The body or a field is longer than we read."""

    code = "too_large"


class UnsupportedMedia(CallerError):
    """The body's Content-Type is not one we read."""

    code = "unsupported_media_type"


class NotAcceptable(CallerError):
    """None of the types the caller accepts can be produced."""

    code = "not_acceptable"


class LimitReached(CallerError):
    """Too many requests; `retry_after` is in how many seconds one more would be taken."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SpendLimitReached(LimitReached, LoadRefused):
    """A provider would have to be asked, and the organisation's money for today does not cover it."""

    code = "spend_limit"


class UpstreamExhausted(UpstreamError):
    """The provider account's quota or credit is used up: trying again does not help."""

    code = "upstream_exhausted"


class UpstreamRejected(UpstreamError):
    """The provider refused the request, or answered what we cannot read."""

    code = "upstream_rejected"


class FunctionFailed(UpstreamRejected):
    """The application's own function threw at the provider; `data` is what it attached, None if nothing."""

    code = "function_failed"

    def __init__(self, upstream: str, detail: str, *, data: object = None) -> None:
        super().__init__(upstream, detail)
        self.data = data


class SettingsError(OperatorError):
    """Raised before anything starts; `problems` holds one line for each bad setting."""

    code = "settings_error"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class SessionsFull(OperatorError):
    """No more voice sessions here; another worker may have room."""

    code = "sessions_full"
