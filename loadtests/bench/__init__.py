"""Limn beside its alternatives, on the same graph and the same work."""
