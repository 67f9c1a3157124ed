"""Scripts of NVIDIA's client libraries are answered alike by a real Triton and by our gateway."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException, shared_memory

from export.triton.local import LocalTriton
from tests.fixtures import client_scripts, pictures
from tests.fixtures.client_scripts import CANVAS, Answers
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.triton_client import Addresses, Client, Transport, connected, forget_region

SAME = 0.999
"""Share of the pixels of label maps."""

REPORTED_S = 5

SCRIPTS: tuple[Callable[[Addresses], Answers], ...] = (
    client_scripts.simple_http_infer_client,
    client_scripts.simple_grpc_infer_client,
    client_scripts.raw_network,
    client_scripts.simple_http_async_infer_client,
    client_scripts.simple_grpc_async_infer_client,
    client_scripts.simple_http_aio_infer_client,
    client_scripts.simple_grpc_aio_infer_client,
    client_scripts.simple_grpc_stream_infer_client,
    client_scripts.simple_grpc_aio_stream_infer_client,
    client_scripts.simple_grpc_keepalive_client,
    client_scripts.simple_grpc_custom_args_client,
    client_scripts.reuse_infer_objects_client,
    client_scripts.grpc_client,
    client_scripts.grpc_explicit_int_content_client,
)


@pytest.fixture(scope="module")
def limn(triton: LocalTriton, triton_repository: Path) -> Iterator[Gateway]:
    """The gateway with its embedded engine over what `triton` serves; skipped without it."""
    with gateway(triton_repository) as started:
        yield started


@pytest.fixture(scope="module", params=["triton", "limn"])
def server(request: pytest.FixtureRequest, triton: LocalTriton, limn: Gateway) -> Addresses:
    """Each of both."""
    return triton if request.param == "triton" else limn


@pytest.fixture
def client(transport: Transport, server: Addresses) -> Iterator[Client]:
    with connected(transport, server) as started:
        yield started


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_script_is_answered_alike(
    script: Callable[[Addresses], Answers], triton: LocalTriton, limn: Gateway
) -> None:
    expected, found = script(triton), script(limn)

    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert (array.dtype, array.shape) == (expected[name].dtype, expected[name].shape)
        if name == "logits":
            np.testing.assert_allclose(array, expected[name], rtol=1e-3, atol=1e-3)
        elif name == "scores":
            # Both sum in single precision and round to half, by other libraries.
            np.testing.assert_allclose(array, expected[name], atol=5e-3)
        else:
            assert np.mean(array == expected[name]) >= SAME
            assert len(np.unique(array)) > 3


def documents(client: Client, model: str) -> list[dict[str, Any]]:
    """Metadata and configuration of a model, as the JSON of both transports has them."""
    more = {} if client.library is tritonclient.http else {"as_json": True}
    config = client.api.get_model_config(model, **more)
    return [client.api.get_model_metadata(model, **more), config.get("config", config)]


def tensors(members: list[dict[str, Any]], *keys: str) -> list[tuple[Any, ...]]:
    """Name, type and lengths; gRPC's JSON has integers of 64 bits as strings."""
    return [
        tuple(
            [int(length) for length in member[key]]
            if isinstance(member[key], list)
            else member[key]
            for key in keys
        )
        for member in members
    ]


def test_health(client: Client) -> None:
    headers = {"test": "1", "dummy": "2"}

    assert client.api.is_server_live(headers=headers)
    assert client.api.is_server_ready()
    assert client.api.is_model_ready("mman_parse")
    assert client.api.is_model_ready("mman_parse", "1")
    assert not client.api.is_model_ready("wrong_model_name")


@pytest.mark.parametrize("model", ["mman", "mman_parse"])
def test_metadata_and_configuration_are_the_same(
    transport: Transport, triton: LocalTriton, limn: Gateway, model: str
) -> None:
    with connected(transport, triton) as client:
        expected, expected_config = documents(client, model)
    with connected(transport, limn) as client:
        found, config = documents(client, model)

    assert (found["name"], found["versions"]) == (expected["name"], expected["versions"])
    for side in ("inputs", "outputs"):
        keys = ("name", "datatype", "shape")
        assert tensors(found[side], *keys) == tensors(expected[side], *keys)
    for side in ("input", "output"):
        keys = ("name", "data_type", "dims")
        assert tensors(config[side], *keys) == tensors(expected_config[side], *keys)


def test_server_says_which_it_is(transport: Transport, triton: LocalTriton, limn: Gateway) -> None:
    names = []
    for server in (triton, limn):
        with connected(transport, server) as client:
            metadata = client.api.get_server_metadata()
            names.append(metadata["name"] if isinstance(metadata, dict) else metadata.name)

    assert names == ["triton", "limn"]


def test_statistics_count_what_was_asked(client: Client) -> None:
    def counts() -> NDArray[np.int64]:
        more = {} if client.library is tritonclient.http else {"as_json": True}
        (entry,) = client.api.get_inference_statistics("mman_parse", **more)["model_stats"]
        times = entry["inference_stats"]
        parts = (times[name].get("count", 0) for name in ("success", "compute_infer"))
        return np.array([int(entry.get("inference_count", 0)), *map(int, parts)])

    before = counts()
    client.infer("mman_parse", {"canvas": np.concatenate([CANVAS, CANVAS])}, "labels")

    deadline = time.monotonic() + REPORTED_S
    # Triton adds a request to its statistics after it has answered it.
    while (found := (counts() - before).tolist()) != [2, 1, 1] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert found == [2, 1, 1]


def test_wrong_model_name_is_refused(client: Client) -> None:
    with pytest.raises(InferenceServerException, match="wrong_model_name") as caught:
        client.infer("wrong_model_name", {"canvas": CANVAS})

    assert caught.value.status() in ("404", "StatusCode.NOT_FOUND")


def test_string_tensor_is_refused_where_pixels_are_taken(client: Client) -> None:
    strings = np.full((1, 3, 304, 208), b"1", dtype=object)

    with pytest.raises(InferenceServerException, match="BYTES") as caught:
        client.infer("mman", {"pixels": strings})

    assert caught.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")


def test_string_tensor_carries_a_photo(transport: Transport, limn: Gateway) -> None:
    """`simple_*_string_infer_client`; no network has a model of strings on Triton."""
    photo = np.array([pictures.jpeg()], dtype=object)

    with connected(transport, limn) as client:
        labels = client.infer("mman_photo", {"photo": photo}).as_numpy("labels")

    assert labels.shape == (256, 192)
    assert len(np.unique(labels)) > 3


@contextmanager
def region(size: int) -> Iterator[tuple[str, str, Any]]:
    """Name, key and handle of system shared memory."""
    name = f"test_{uuid.uuid4().hex}"
    handle = shared_memory.create_shared_memory_region(name, f"/{name}", size)
    try:
        yield name, f"/{name}", handle
    finally:
        shared_memory.destroy_shared_memory_region(handle)


def shared_labels(client: Client) -> NDArray[np.uint8]:
    """`simple_*_shm_client`: a canvas and its labels in one region."""
    size, label_size = CANVAS.nbytes, CANVAS.nbytes // 3
    with region(size + label_size) as (name, key, handle):
        shared_memory.set_shared_memory_region(handle, [CANVAS])
        client.api.register_system_shared_memory(name, key, size + label_size)
        try:
            canvas = client.library.InferInput("canvas", list(CANVAS.shape), "UINT8")
            canvas.set_shared_memory(name, size)
            labels = client.library.InferRequestedOutput("labels")
            labels.set_shared_memory(name, label_size, offset=size)
            client.api.infer("mman_float_parse", [canvas], outputs=[labels])
        finally:
            forget_region(client.api, name)
        return np.array(
            shared_memory.get_contents_as_numpy(handle, np.uint8, CANVAS.shape[:3], size)
        )


def test_shared_memory_of_triton_has_what_the_gateway_sends(
    transport: Transport, triton: LocalTriton, limn: Gateway
) -> None:
    with connected(transport, triton) as client:
        found = shared_labels(client)
    with connected(transport, limn) as client:
        expected = client.infer("mman_float_parse", {"canvas": CANVAS}, "labels").as_numpy("labels")

    assert np.mean(found == expected) >= SAME


def test_gateway_refuses_shared_memory_in_clear_words(transport: Transport, limn: Gateway) -> None:
    with (
        connected(transport, limn) as client,
        region(64) as (name, key, _),
        pytest.raises(
            InferenceServerException, match=r"not offered: no control .* of shared memory"
        ) as caught,
    ):
        client.api.register_system_shared_memory(name, key, 64)

    assert caught.value.status() in ("404", "StatusCode.UNIMPLEMENTED")
