"""HTTP in, HTTP out: translation only."""
