"""The connection to a Redis: where it is, one link that many share, a budget and a breaker for each question."""
