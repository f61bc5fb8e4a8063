"""What caching, stickiness and sharing give, measured on real processes: `make evidence`."""
