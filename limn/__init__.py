"""Human parsing: which body part or garment every pixel of a photo shows."""

import os

__version__ = "0.1.0"

MOST_IMAGE_PIXELS = 89_000_000
"""More are never decoded, whatever is set; Pillow warns of a bomb above this many."""

# OpenCV reads it when it is loaded, which every import of ours does after this line. By itself it
# would allocate gigabytes for a file that promises them.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_IMAGE_PIXELS))
