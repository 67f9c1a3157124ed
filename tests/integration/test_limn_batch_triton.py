"""`limn batch` with its networks in a real Triton."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from export.triton.local import LocalTriton
from tests.fixtures import batches

COUNT = 6


def test_triton_parses_a_batch_like_the_embedded_engine(
    triton: LocalTriton, triton_repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = batches.write_photos(tmp_path / "photos", COUNT)
    found = {}
    for engine in ("embedded", "triton"):
        monkeypatch.setenv("LIMN_ENGINE", engine)
        monkeypatch.setenv("LIMN_TRITON_URL", triton.grpc)
        out = tmp_path / engine
        process = batches.start(triton_repository, str(photos), str(out), "--model", "mman_float")
        status, printed = batches.finish(process)
        assert status == 0, printed
        found[engine] = batches.files(out / "labels")

    assert found["triton"].keys() == found["embedded"].keys()
    assert len(found["triton"]) == COUNT
    for name, mask in found["triton"].items():
        ours, theirs = (
            np.asarray(Image.open(io.BytesIO(m))) for m in (found["embedded"][name], mask)
        )
        assert np.mean(ours == theirs) >= 0.999
