"""`limn serve`: the HTTP gateway."""

from cli.configuration import read_settings
from cli.failure import explained


def serve() -> None:
    """Serve the models of the repository over HTTP; LIMN_* variables configure it."""
    settings = read_settings()
    from service.opening import Opening

    opening = Opening(settings)
    # Importing this takes as long as the models do.
    from service.server import serve as run_gateway

    with explained():
        run_gateway(settings, opening)
