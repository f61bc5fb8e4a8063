"""Data by Convex: the application's own functions."""
