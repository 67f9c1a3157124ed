"""Human parsing: which body part or garment every pixel of a photo shows."""

__version__ = "0.1.0"
