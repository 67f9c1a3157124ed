"""The gateway: Limn's models behind HTTP."""

# First of all: it bounds what OpenCV allocates, which must be said before that is loaded.
import limn as limn
