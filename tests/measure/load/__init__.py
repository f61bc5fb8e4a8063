"""Callers by the thousand against any fleet: `make load`. Runs in an environment of its own, under Locust."""
