"""Waiting with a deadline, and an event loop on which waiting takes no time."""
