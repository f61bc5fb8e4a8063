"""Convex's functions, as clients of one deployment call them, over HTTP (`http.py`) and the sync protocol (`sync.py`).

`backend.py` runs one call under the deployment's limits; `deployment.py` holds the data and the functions of the
reference agent; `values.py` knows both JSON formats; `webhooks.py` tells the worker what an administrator has changed.
"""

from warmline_simulators.convex.app import ConvexSimulator
from warmline_simulators.convex.options import ConvexOptions

__all__ = ["ConvexOptions", "ConvexSimulator"]
