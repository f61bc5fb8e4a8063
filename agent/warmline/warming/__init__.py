"""Filling L1 before the first caller comes."""
