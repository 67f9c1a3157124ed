"""Whole collections of photos through the gateway's pipeline; needs the extra `batch`."""
