"""Pieces of PromQL that boards are made of. Ratios are ratios of sums; rates are over `$__rate_interval`."""

SLOT = 'slot=~"$slot"'
"""What every selector of a worker's metric holds, so that a board shows one slot as it shows all."""


def of(metric: str, *matchers: str) -> str:
    """The series of a worker's metric, of the slots that were chosen."""
    return f"{metric}{{{', '.join((*matchers, SLOT))}}}"


def rate(metric: str, *matchers: str) -> str:
    """Its increase per second."""
    return f"rate({of(metric, *matchers)}[$__rate_interval])"


def total(expr: str, *by: str) -> str:
    """The sum over everything but `by`."""
    return f"sum by ({', '.join(by)}) ({expr})" if by else f"sum({expr})"


def quantile(share: float, histogram: str, *matchers: str, by: tuple[str, ...] = ()) -> str:
    """The value that this share of what a histogram saw did not exceed."""
    buckets = total(rate(f"{histogram}_bucket", *matchers), "le", *by)
    return f"histogram_quantile({share:g}, {buckets})"


def within(seconds: str, histogram: str, *matchers: str) -> str:
    """The share of what a histogram saw that took no longer; `seconds` is a bucket's bound as Prometheus writes it."""
    fast = total(rate(f"{histogram}_bucket", f'le="{seconds}"', *matchers))
    return f"{fast} / {total(rate(f'{histogram}_count', *matchers))}"


def buckets(histogram: str, *matchers: str) -> str:
    """What a heatmap draws."""
    return total(rate(f"{histogram}_bucket", *matchers), "le")


def share(part: str, whole: str, *by: str) -> str:
    """How much of `whole` is `part`; 0 where there is a whole and no such part."""
    return f"({total(part, *by)} or 0 * {total(whole, *by)}) / {total(whole, *by)}"


def in_currency(expr: str) -> str:
    """Money with the label `currency`, the price table's; while a rollout changes it, one of the two."""
    return f"{expr} * on () group_left (currency) topk(1, max by (currency) ({of('warmline_price_info')}))"
