"""A client of the gateway's HTTP endpoints, blocking and asynchronous.

    from limn.client import Client

    with Client("http://127.0.0.1:8080") as limn:
        labels = limn.mask("photo.jpg")

Needs `pip install '.[client]'` in a checkout.
"""

from limn.client.answers import Answer
from limn.client.asynchronous import AsyncClient
from limn.client.blocking import Client
from limn.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable
from limn.client.options import ParseOptions
from limn.client.photos import Photo
from limn.client.retries import Retries
from limn.client.streamed import Streamed

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "ClientError",
    "ParseOptions",
    "Photo",
    "Refused",
    "Retries",
    "Streamed",
    "UnexpectedAnswer",
    "Unreachable",
]
