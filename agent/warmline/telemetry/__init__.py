"""What a worker tells of itself: counters, the log, the loop's delay."""
