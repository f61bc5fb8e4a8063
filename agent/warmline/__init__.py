"""Warmline: a voice-agent worker whose caches never go cold."""

__version__ = "0.2.0"
"""The one place of Warmline's number, by semver; images, packages and the API's description take it from here."""
