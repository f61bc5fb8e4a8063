"""L1: what one process keeps, inside a byte budget."""
