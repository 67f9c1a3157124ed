"""Prometheus metrics: names, units, labels and buckets, declared once."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from limn import __version__
from service.stages import Stage

_LATENCY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 30, 60)
_STAGE_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SIZE_BUCKETS_BYTES = tuple(2.0**power for power in range(12, 26, 2))
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64)
_PERSON_BUCKETS = (0, 1, 2, 3, 4, 5, 8, 16, 32, 64)

LABEL_STEP = 8
"""Of a label map every pixel in a row of so many is counted, in every such row."""


class Metrics:
    """On a registry of its own, so that several apps can live in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Resident memory, seconds of the processor, open files: where the system tells.
        ProcessCollector(registry=self.registry)
        Info("limn_build", "What runs", registry=self.registry).info({"version": __version__})
        self._declare_requests()
        self._declare_answers()
        self._declare_work()

    def _declare_requests(self) -> None:
        """What was asked, how it was answered, and how long that took."""
        self._requests = Counter(
            "limn_requests_total",
            "Requests answered",
            ["route", "status"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "limn_request_duration_seconds",
            "From the request's head to the end of its answer",
            ["route"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._bodies = Histogram(
            "limn_request_body_bytes",
            "Bytes received in a request's body",
            ["route"],
            buckets=_SIZE_BUCKETS_BYTES,
            registry=self.registry,
        )
        self._stages = Histogram(
            "limn_stage_duration_seconds",
            "Work per request in one stage, summed over threads",
            ["stage"],
            buckets=_STAGE_BUCKETS_S,
            registry=self.registry,
        )
        self._problems = Counter(
            "limn_problems_total",
            "Requests answered with a problem, by the end of its type",
            ["problem"],
            registry=self.registry,
        )
        self._calls = Counter(
            "limn_grpc_requests_total",
            "gRPC requests answered, each message of a stream",
            ["method", "code"],
            registry=self.registry,
        )
        self._call_latency = Histogram(
            "limn_grpc_request_duration_seconds",
            "From the request's message to its answer",
            ["method"],
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )

    def _declare_answers(self) -> None:
        """What the answers show."""
        self._label_pixels = Counter(
            "limn_label_pixels_total",
            f"Pixels of label maps by class of the model, one in {LABEL_STEP**2} counted",
            ["model", "label"],
            registry=self.registry,
        )
        self._persons = Histogram(
            "limn_persons_found",
            "Persons found in a photo that came with boxes=auto",
            buckets=_PERSON_BUCKETS,
            registry=self.registry,
        )

    def _declare_work(self) -> None:
        """What is being worked on, and what there is to work with."""
        self.in_flight = Gauge(
            "limn_requests_in_flight",
            "Parse and inference requests worked on or waiting",
            registry=self.registry,
        )
        self.body_bytes_in_flight = Gauge(
            "limn_request_body_bytes_in_flight",
            "Bytes of the bodies of those requests, announced or received",
            registry=self.registry,
        )
        self.cost_in_flight = Gauge(
            "limn_cost_units_in_flight",
            "Work of the networks in progress or waiting; a unit is one canvas at scale 1",
            registry=self.registry,
        )
        self.cost_limit = Gauge(
            "limn_cost_units_limit",
            "Work that is taken on at a time; beyond it, requests are told 429",
            registry=self.registry,
        )
        self.image_bytes_in_flight = Gauge(
            "limn_image_bytes_in_flight",
            "Memory that photos being decoded and answered are counted with",
            registry=self.registry,
        )
        self.workers = Gauge("limn_workers", "Threads that compute", registry=self.registry)
        self.workers_busy = Gauge(
            "limn_workers_busy", "Those of them that are in a step", registry=self.registry
        )
        self._batches = Histogram(
            "limn_batch_canvases",
            "Canvases in one batch of a device",
            buckets=_BATCH_BUCKETS,
            registry=self.registry,
        )
        self.device_memory = Gauge(
            "limn_device_memory_bytes",
            "Memory of the device that is taken, by whomever; none without a device",
            registry=self.registry,
        )

    def answered(self, route: str, status: int, seconds: float, body_bytes: int) -> None:
        """Count one request; `route` is a path template, so that labels stay a closed set."""
        self._requests.labels(route, str(status)).inc()
        self._latency.labels(route).observe(seconds)
        if body_bytes:
            self._bodies.labels(route).observe(body_bytes)

    def refused(self, problem: str) -> None:
        """Count one problem; `problem` is the slug that ends its type."""
        self._problems.labels(problem).inc()

    def labelled(self, model: str, classes: Sequence[str], label_map: NDArray[np.uint8]) -> None:
        """Count a sample of the pixels of an answer, uint8[H, W]: what is shown drifts."""
        sample = label_map[::LABEL_STEP, ::LABEL_STEP]
        for index, pixels in enumerate(np.bincount(sample.ravel())[: len(classes)].tolist()):
            if pixels:
                self._label_pixels.labels(model, classes[index]).inc(pixels)

    def found(self, persons: int) -> None:
        """Record how many persons were found in a photo."""
        self._persons.observe(persons)

    def batched(self, canvases: int) -> None:
        """Record the size of a batch."""
        self._batches.observe(canvases)

    def called(self, method: str, code: str, seconds: float) -> None:
        """Count one gRPC request; `code` is the name of its status."""
        self._calls.labels(method, code).inc()
        self._call_latency.labels(method).observe(seconds)

    def staged(self, seconds: Mapping[Stage, float]) -> None:
        """Record where the time of one request went."""
        for stage, duration in seconds.items():
            self._stages.labels(stage).observe(duration)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
