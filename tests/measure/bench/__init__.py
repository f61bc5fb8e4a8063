"""The cache measured beside its peers, in one run on one machine: `make bench-cache`."""
