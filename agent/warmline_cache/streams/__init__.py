"""Values that are heard while they are loaded, here and on other workers."""
