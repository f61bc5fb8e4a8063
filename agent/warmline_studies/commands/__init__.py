"""The commands of the studies: `warmline trace`, `warmline plan`, `warmline tune`."""
