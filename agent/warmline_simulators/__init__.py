"""The two providers without accounts or internet: their wire protocols, with realistic latency and counted calls.

They import nothing of the worker: they judge it over the wire. Beside the provider's paths each has `/_calls`, which
says what it was asked since it started.
"""
