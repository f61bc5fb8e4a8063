"""What a caller waits who joins a phrase that another worker is just having synthesised."""

import asyncio
import time

from tests.measure.bench.fleet import Fleet
from tests.measure.bench.measure import percentile
from tests.measure.bench.messages import Listen, Open
from tests.measure.bench.report import Bar, Part, Table

OURS = "warmline"
START_SECONDS = 0.05
MILLISECONDS = 20.0


async def run(fleet: Fleet, *, phrases: int) -> Part:
    """One phrase after the other; every worker has one listener, and one of them turns out to lead."""
    await fleet.all(Open([OURS], "current"))
    late, leaders = [], 0
    for number in range(phrases):
        work = Listen(OURS, f"organisation/phrase {number}", time.monotonic() + START_SECONDS)
        heard = await asyncio.gather(*(member.ask(work) for member in fleet.members))
        led = [came for came, leads in heard if leads]
        leaders += len(led)
        late += [(came - min(led)) * 1000 for came, leads in heard if not leads]
    return Part([_table(late, len(fleet.members), phrases)], _bars(late, leaders, phrases))


def _table(late: list[float], workers: int, phrases: int) -> Table:
    return Table(
        "joining",
        f"First chunk on another worker after the leader's, milliseconds; {phrases} phrases, {workers} workers",
        {"listeners": ",d", "median": ".1f", "p90": ".1f", "p99": ".1f", "longest": ".1f"},
        {OURS: [len(late), *(percentile(late, share) for share in (0.5, 0.9, 0.99)), max(late)]},
        "All ask at once; the phrase comes in five chunks over half a second. No peer has such a thing.",
    )


def _bars(late: list[float], leaders: int, phrases: int) -> list[Bar]:
    slow = percentile(late, 0.99)
    return [
        Bar("joined phrase, first chunk after the leader's, p99", "<= 20 ms", f"{slow:.1f} ms", slow <= MILLISECONDS),
        Bar(f"loads of {phrases} phrases", f"{phrases}", f"{leaders}", leaders == phrases),
    ]
