"""The gateway: Limn's models behind HTTP."""
