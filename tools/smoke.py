"""Start the service as installed, without the packages of training, and parse one picture."""

import os
import re
import struct
import subprocess
import sys
import time
import urllib.request
import zlib
from pathlib import Path

from tritonclient.grpc import InferenceServerClient

START_TIMEOUT_S = 60
WIDTH, HEIGHT = 120, 200


def picture() -> bytes:
    """A PNG of a colour ramp."""
    rows = b"".join(
        b"\0" + b"".join(bytes((x * 2, y, 90)) for x in range(WIDTH)) for y in range(HEIGHT)
    )

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"the server ended with status {server.returncode} before it was ready")
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"not ready within {START_TIMEOUT_S} s")


def main() -> None:
    port, grpc_port = "18080", "18081"
    command = [str(Path(sys.executable).parent / "limn"), "serve"]
    ports = {"LIMN_HTTP_PORT": port, "LIMN_GRPC_PORT": grpc_port}
    server = subprocess.Popen(command, env={**os.environ, **ports})  # noqa: S603
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz", server)
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/parse", data=picture(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            mask = answer.read()
            timing = answer.headers["Server-Timing"]
        width, height = struct.unpack(">II", mask[16:24])
        if (width, height) != (WIDTH, HEIGHT) or not re.match(rb"\x89PNG", mask):
            sys.exit(f"expected a {WIDTH}x{HEIGHT} PNG, got {width}x{height}")
        with InferenceServerClient(f"127.0.0.1:{grpc_port}") as client:
            if not client.is_server_ready():
                sys.exit("gRPC answers that the server is not ready")
    finally:
        server.terminate()
        server.wait(timeout=30)
    print(f"smoke: a {width}x{height} mask, {timing}")


if __name__ == "__main__":
    main()
