"""Boards as code, rules, and what holds both to the metrics that exist."""
