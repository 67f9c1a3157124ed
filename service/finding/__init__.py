"""Finding the persons in a photo, for requests that say no boxes."""
