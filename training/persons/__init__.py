"""Finding persons in a photo: composed photos, a small detector, its training and measure."""
