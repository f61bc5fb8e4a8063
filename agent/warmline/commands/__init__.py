"""The commands of `python -m warmline` beside `worker`."""
