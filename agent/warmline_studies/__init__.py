"""What caches would do, worked out from a trace: traces, the planner, the tuner.

They build on the worker's own parts and run on the machine that deploys; no worker holds them.
"""
