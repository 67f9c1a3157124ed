"""Loaded by schemathesis: real pictures among the bodies, so that some requests are answered."""

import schemathesis
from hypothesis import strategies

from tests.fixtures import pictures

schemathesis.openapi.media_type("image/jpeg", strategies.just(pictures.jpeg()))
schemathesis.openapi.media_type(
    "image/png", strategies.sampled_from((pictures.png(), pictures.png_header(9, 9)))
)
