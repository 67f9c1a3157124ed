"""Rehearsal of the full-size networks; see `__main__`."""
