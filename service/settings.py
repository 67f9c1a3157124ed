"""What an operator can turn, read from `LIMN_*` environment variables."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from limn import MOST_IMAGE_PIXELS
from limn.image import ImageLimits
from limn.image_formats import DEFAULT_FORMATS, Format
from service.logs import LogFormat
from service.memory import DECODING_BYTES_OTHERS
from service.tls import Tls

REPOSITORY_FOLDER = "model_repository"
FINDER_FOLDER = "person_finder"

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+")


def _beside_the_package(folder: str) -> Path:
    """A folder of a source checkout, else of the working directory."""
    beside_the_package = Path(__file__).resolve().parent.parent / folder
    return beside_the_package if beside_the_package.is_dir() else Path(folder)


def _person_finder() -> Path | None:
    folder = _beside_the_package(FINDER_FOLDER)
    return folder if folder.is_dir() else None


def _cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """Immutable; bounds and units stand in the fields."""

    model_config = SettingsConfigDict(env_prefix="LIMN_", frozen=True, extra="forbid")

    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(8080, ge=0, le=65_535, description="port; 0 picks a free one")
    grpc_host: str = Field("127.0.0.1", description="address to listen on")
    grpc_port: int = Field(8001, ge=0, le=65_535, description="port; 0 picks a free one")
    operations_host: str = Field("127.0.0.1", description="address to listen on")
    operations_port: int | None = Field(
        None, ge=0, le=65_535, description="health, metrics and administration, apart from HTTP"
    )
    shutdown_timeout_s: int = Field(
        25, ge=1, le=3_600, description="seconds for requests in flight when the service stops"
    )
    tls_certificate: Path | None = Field(None, description="PEM file, for HTTP and gRPC")
    tls_key: Path | None = Field(None, description="PEM file of its private key")
    tls_client_ca: Path | None = Field(
        None, description="PEM file; clients must show a certificate that it signed"
    )
    keys_file: Path | None = Field(None, description="file that `limn key` writes")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="origins whose pages may ask; none by default"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error"
    )

    log_format: LogFormat = Field("text", description="text for people, or json, an object a line")
    traces_endpoint: str | None = Field(
        None,
        pattern=r"^https?://",
        description="where spans go, OTLP over HTTP, such as http://localhost:4318/v1/traces; needs"
        " limn[traces]",
    )

    model_repository: Path = Field(
        default_factory=lambda: _beside_the_package(REPOSITORY_FOLDER),
        description="folder with one folder per model",
        json_schema_extra={"stated": "the checkout's `model_repository`"},
    )
    default_model: str | None = Field(
        None, description="model of requests that name none; `mman`, else the first by name"
    )
    person_finder: Path | None = Field(
        default_factory=_person_finder,
        description="folder of the detector that `boxes=auto` finds persons with",
        json_schema_extra={"stated": "the checkout's `person_finder`, if there is one"},
    )

    engine: Literal["embedded", "triton"] = Field(
        "embedded", description="networks in this process, or in a Triton server"
    )
    triton_url: str = Field("127.0.0.1:8011", description="host and port of Triton's gRPC")
    triton_shared_memory: Literal["none", "system", "cuda"] = Field(
        "system",
        description="memory to share with a Triton on this machine; `cuda`, where both use one"
        " GPU; what cannot be shared goes in messages",
    )
    device: Literal["cpu", "cuda"] = Field(
        "cpu", description="what the embedded engine computes on; `cuda` needs limn[gpu]"
    )
    device_batch: int = Field(
        16, ge=1, le=64, description="most canvases that a GPU is given at a time"
    )
    device_wait_ms: float = Field(
        2, ge=0, le=1_000, description="milliseconds that a canvas waits for others to join it"
    )
    sessions: int = Field(
        default_factory=_cores,
        ge=1,
        le=256,
        description="worker threads that compute",
        json_schema_extra={"stated": "one per core"},
    )
    max_in_flight: int = Field(
        16, ge=1, le=10_000, description="requests worked on or waiting; the next one gets 429"
    )
    max_body_bytes_in_flight: int = Field(
        256 * 2**20, ge=1, description="bytes of request bodies at a time; the next gets 429"
    )
    max_cost: float = Field(
        default_factory=lambda: 200.0 * _cores(),
        gt=0,
        description="units of work at a time, and in one request; a unit is one person at scale 1",
        json_schema_extra={"stated": "200 per core"},
    )
    request_timeout_s: float = Field(
        60, gt=0, le=3_600, description="seconds for the body to arrive, and again for the answer"
    )

    rate_limit_per_minute: int = Field(
        0, ge=0, description="parse and inference requests of one key or address; 0 is no limit"
    )

    max_upload_bytes: int = Field(20 * 2**20, ge=1, description="bytes of a request")
    min_upload_bytes_per_s: int = Field(
        1_024, ge=1, description="bytes a second that a body arrives at, after the first five"
    )
    image_formats: Annotated[tuple[Format, ...], NoDecode] = Field(
        DEFAULT_FORMATS, min_length=1, description="formats that are read"
    )
    max_image_pixels: int = Field(
        50_000_000, ge=1, le=MOST_IMAGE_PIXELS, description="pixels of an image, by its header"
    )
    max_image_side: int = Field(
        16_384, ge=1, le=65_535, description="pixels of an image's longer side"
    )
    max_image_aspect: float = Field(20, ge=1, description="longer side by shorter")
    max_image_frames: int = Field(100, ge=1, description="of an animation; the first is parsed")
    max_image_bytes_in_flight: int = Field(
        default_factory=lambda: max(2 * 2**30, _cores() * 256 * 2**20),
        description="memory of photos being decoded and answered; the next one waits",
        json_schema_extra={"stated": "256 MiB per core, at least 2 GiB"},
    )
    max_batch_images: int = Field(
        16, ge=1, le=1_000, description="images, canvases or inputs in one batch request"
    )
    max_boxes: int = Field(64, ge=1, le=250, description="boxes in one request")
    max_scales: int = Field(8, ge=1, le=32, description="test-time scales in one request")
    min_scale: float = Field(0.25, gt=0, le=1, description="smallest test-time scale")
    max_scale: float = Field(2, ge=1, le=8, description="largest test-time scale")

    @field_validator("image_formats", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """Names as an operator writes them: `png,jpeg`."""
        if not isinstance(value, str):
            return value
        names = tuple(name.strip().upper() for name in value.split(","))
        unknown = [name for name in names if name not in get_args(Format)]
        if unknown:
            known = ", ".join(get_args(Format)).lower()
            raise ValueError(f"no format {unknown[0].lower()!r} can be read; there are: {known}")
        return names

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        """Origins as an operator writes them: `https://a.example,https://b.example`."""
        if not isinstance(value, str):
            return value
        origins = tuple(origin.strip() for origin in value.split(",") if origin.strip())
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin, such as https://app.example")
        return origins

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("LIMN_TLS_CERTIFICATE and LIMN_TLS_KEY belong together")
        if self.tls_client_ca is not None and self.tls_key is None:
            raise ValueError("LIMN_TLS_CLIENT_CA needs LIMN_TLS_CERTIFICATE and LIMN_TLS_KEY")
        return self

    @model_validator(mode="after")
    def _largest_photo_fits(self) -> Self:
        needed = self.max_image_pixels * DECODING_BYTES_OTHERS
        if self.max_image_bytes_in_flight < needed:
            raise ValueError(
                f"LIMN_MAX_IMAGE_BYTES_IN_FLIGHT must be at least {needed}, {DECODING_BYTES_OTHERS}"
                " bytes for each pixel of LIMN_MAX_IMAGE_PIXELS"
            )
        return self

    @property
    def image_limits(self) -> ImageLimits:
        """Bounds on one image."""
        return ImageLimits(
            self.max_upload_bytes,
            self.max_image_pixels,
            self.max_image_side,
            self.max_image_aspect,
            self.max_image_frames,
            self.image_formats,
        )

    @property
    def tls(self) -> Tls | None:
        """Certificates, where some are set."""
        if self.tls_certificate is None or self.tls_key is None:
            return None
        return Tls(self.tls_certificate, self.tls_key, self.tls_client_ca)
