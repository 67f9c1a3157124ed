"""Data sets, networks, losses, the training loop and evaluation."""
