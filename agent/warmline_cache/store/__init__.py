"""L2: what all workers share in Redis, and the lease that makes one of them load."""
