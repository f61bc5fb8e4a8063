"""Studies of caches, worked out from a trace of what callers asked: traces, the planner, the tuner, their charts.

They build on the worker's own parts and run on the machine that deploys; the worker's image does not hold them.
"""
