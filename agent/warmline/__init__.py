"""Warmline: a voice-agent worker whose caches never go cold."""

__version__ = "0.1.0"
