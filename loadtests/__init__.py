"""Black-box load on a running server."""
