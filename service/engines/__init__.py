"""Engines score person crops; the rest of the gateway cannot tell them apart."""
