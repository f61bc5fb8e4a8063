"""What became of the log, read when scraped."""

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class LogMetrics(Collector):
    """`lost` says how many lines of the log were never written."""

    def __init__(self, lost: Callable[[], int]) -> None:
        self._lost = lost

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client`."""
        yield CounterMetricFamily(
            "warmline_log_lines_lost", "Lines of the log that nobody took in time.", value=self._lost()
        )
