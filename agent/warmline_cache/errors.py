"""Every error the caches raise on purpose, and those a loader may raise to tell them what happened.

    WarmlineError
    ├── LoadRefused              a loader chose not to ask its origin: a value past its time may stand in
    ├── UpstreamError            an origin must act; carries its name. A value past its time may stand in
    │   └── UpstreamUnavailable  it could not be reached, was too slow, or said it is overloaded
    └── OperatorError            whoever runs the caches must act
        ├── StoreUnavailable     Redis did not answer in time; never reaches a caller
        │   └── StoreRefused     it answered, and refused
        ├── InvalidationFailed   not every worker can be told that a value is over; must be tried again
        ├── LoadAbandoned        the worker stopped before a load had ended
        ├── StreamTooLong        a stream outgrew what is kept of one; only who joined it late is told
        ├── StreamBroken         what goes on is not the stream whose beginning was heard
        └── ListenerTooSlow      a listener left more of a stream unread than is kept for one

A loader's errors build on these. An error that is none of these is a fault of the loader's: nothing stands in for it.
"""


class WarmlineError(Exception):
    """Base of all errors raised on purpose. `code` is stable and machine-readable."""

    code = "internal_error"


class LoadRefused(WarmlineError):
    """A loader chose not to ask its origin. It is counted as no load."""

    code = "load_refused"


class UpstreamError(WarmlineError):
    """An origin failed; `upstream` is its name as it appears in metrics and answers."""

    code = "upstream_error"

    def __init__(self, upstream: str, detail: str) -> None:
        super().__init__(f"{upstream}: {detail}")
        self.upstream = upstream
        self.detail = detail


class UpstreamUnavailable(UpstreamError):
    """Not reached, too slow, or overloaded: the same request may work later."""

    code = "upstream_unavailable"


class OperatorError(WarmlineError):
    """Something that only whoever runs Warmline can mend."""


class StoreUnavailable(OperatorError):
    """A shared store did not answer in time or answered an error. The caches treat it as a miss."""

    code = "store_unavailable"


class StoreRefused(StoreUnavailable):
    """It answered, and refused: full, read-only, another type of key, no permission."""


class InvalidationFailed(OperatorError):
    """It cannot be promised that nobody serves what was to be invalidated. Nothing is half done that harms: repeat."""

    code = "invalidation_failed"


class LoadAbandoned(OperatorError):
    """A load was cancelled while others waited for it: the worker is stopping."""

    code = "load_abandoned"


class StreamTooLong(OperatorError):
    """A stream outgrew what is kept of one. Its listeners heard it all; who waited for the whole value gets this."""

    code = "stream_too_long"


class StreamBroken(OperatorError):
    """A listener lost a stream in its middle, and what there is of it now is another: the rest cannot be had."""

    code = "stream_broken"


class ListenerTooSlow(OperatorError):
    """A listener left more of a stream unread than is kept for one, and was cut off so that others were not."""

    code = "listener_too_slow"
