"""The two providers without accounts or internet: their wire protocols, with realistic latency and counted calls.

They import nothing of the worker: they judge it over the wire. Beside the provider's paths each has `/_calls`, which
says how many calls of each kind it has answered since it started.
"""

import uvicorn

from warmline.simulators.convex import ConvexSimulator
from warmline.simulators.sarvam import SarvamSimulator


def serve(
    provider: str, *, host: str, port: int, speech_seconds: float, search_seconds: float, query_seconds: float
) -> None:
    """Serve one provider until a signal ends it."""
    simulator = (
        SarvamSimulator(speech_seconds=speech_seconds)
        if provider == "sarvam"
        else ConvexSimulator(query_seconds=query_seconds, action_seconds=search_seconds)
    )
    uvicorn.run(simulator.app(), host=host, port=port, loop="uvloop", log_level="warning", server_header=False)
