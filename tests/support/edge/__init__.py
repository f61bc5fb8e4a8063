"""The edge: nginx with our templates, and what stands behind it."""
