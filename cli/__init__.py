"""The `limn` command line."""
