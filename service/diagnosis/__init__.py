"""What a machine offers the service, and what would go wrong there: `limn doctor`."""
