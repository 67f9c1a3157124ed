"""What the documents install, installed: into environments of its own, and used as they say.

Packages come from an index, as a reader's would, and Limn from the files of this checkout.
"""

import re
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from limn.labels import LIP
from tests.fixtures import documents, pictures
from tests.fixtures.batches import write_photos
from tests.fixtures.checkout import clone
from tests.fixtures.collector import collecting
from tests.fixtures.gateway import Gateway, gateway
from tests.fixtures.lip_dataset import write_lip_dataset
from tests.fixtures.shell import ROOT, run, terminal
from training.checkpoint import save_checkpoint
from training.config.run import read_config
from training.networks.build import build_network

pytestmark = pytest.mark.slow

MODELS = ROOT / "model_repository"
PATIENCE_S = 30


@pytest.fixture(scope="module")
def served() -> Iterator[Gateway]:
    with gateway(MODELS) as running:
        yield running


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A clone of somebody who has an empty environment in it."""
    place = clone(tmp_path / "limn")
    subprocess.run([sys.executable, "-m", "venv", place / ".venv"], check=True)
    return place


def types(command: str, reader: Path) -> str:
    """What a command prints in their clone, with the programs of their environment."""
    return run(command, reader, programs=reader / ".venv/bin")


def run_snippets(page: str, reader: Path, served: Gateway) -> list[str]:
    """What the Python snippets of a page print in their environment."""
    shutil.copy(ROOT / "service/static/page/astronaut.jpg", reader / "photo.jpg")
    (reader / "photos").mkdir()
    shutil.copy(reader / "photo.jpg", reader / "photos/one.jpg")
    printed = []
    for snippet in documents.blocks(page, "python"):
        # Outside the clone, whose folders would be found before what is installed.
        file = reader / "photos/snippet.py"
        file.write_text(documents.asking(snippet, served.http, served.grpc))
        printed.append(types(f"python {file}", reader))
    return printed


@pytest.mark.types({"docs/how-to/clients.md": ["pip install"]})
def test_client_alone(commands: list[str], reader: Path, served: Gateway) -> None:
    (install,) = commands
    types(install, reader)

    persons, _, simultaneous = run_snippets("docs/how-to/clients.md", reader, served)

    assert "torso" in persons
    assert (reader / "photos/one.png").is_file()
    assert simultaneous.startswith("(512, 512)")


def test_client_of_triton_alone(reader: Path, served: Gateway) -> None:
    (snippet,) = documents.blocks("docs/how-to/kserve.md", "python")
    (install,) = re.findall(r"# (pip install .*)", snippet)
    types(install, reader)

    (labels,) = run_snippets("docs/how-to/kserve.md", reader, served)

    assert labels.startswith("[[")


@pytest.mark.types({"docs/how-to/watch.md": ["pip install", "export LIMN_TRACES_ENDPOINT"]})
def test_spans_of_a_service_with_traces(commands: list[str], reader: Path, tmp_path: Path) -> None:
    install, export = commands
    name, _, endpoint = export.removeprefix("export ").partition("=")
    port = re.findall(r":(\d+)/", endpoint)[0]
    alone = re.findall(r"# or (pip install \S+)", (ROOT / "docs/how-to/ask.md").read_text())[0]
    for command in (alone, install):
        types(command, reader)

    with (
        collecting(int(port)) as (collector, at),
        terminal(
            "limn serve",
            "http://127.0.0.1:8080/readyz",
            tmp_path / "log",
            programs=reader / ".venv/bin",
            variables={name: endpoint},
        ),
    ):
        assert at.endswith(endpoint.removeprefix("http://localhost"))
        url = "http://127.0.0.1:8080/v1/parse"
        assert httpx2.post(url, content=pictures.jpeg()).status_code == 200
        deadline = time.monotonic() + PATIENCE_S
        while "POST /v1/parse" not in {span.name for span in collector.spans}:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)


@pytest.mark.types(
    {
        "docs/how-to/batch.md": [
            ".venv/bin/pip install",
            "ray start",
            "limn batch photos out --ray auto",
        ]
    }
)
def test_collection_on_a_cluster(commands: list[str], reader: Path, tmp_path: Path) -> None:
    install, start, batch = commands
    write_photos(reader / "photos", 8)
    types("make install", reader)
    types(install, reader)

    # Until Ctrl-C, instead of until `ray stop`, which would stop other clusters too.
    start += " --block --num-cpus 2 --disable-usage-stats"
    with terminal(
        start, "Ray runtime started", tmp_path / "log", reader, programs=reader / ".venv/bin"
    ):
        printed = types(batch, reader)

    assert "8 pictures: 8 parsed, 0 bad" in printed
    assert len(list((reader / "out/labels").rglob("*.png"))) == 8
    assert list((reader / "out").glob("regions-*.parquet"))


@pytest.mark.types(
    {"docs/training.md": [".venv/bin/limn evaluate runs/do_deeplab_lip/best.pt --data data/lip"]}
)
def test_dense_crf(commands: list[str], reader: Path) -> None:
    (evaluate,) = commands
    assert "--crf" in evaluate
    text = (ROOT / "docs/training.md").read_text()
    (install,) = re.findall(r"--crf +# (pip install .*)", text)
    # Torch and the like are those of this environment.
    (packages,) = (reader / ".venv/lib").glob("*/site-packages")
    (packages / "here.pth").write_text("\n".join(site.getsitepackages()))
    types(install, reader)
    write_lip_dataset(reader / "data/lip", train=1, val=1)
    config = read_config(ROOT / "training/configs/do_deeplab_lip.toml")
    config = config.changed("data", canvas=(64, 64))
    weights = build_network(config.model, len(LIP)).state_dict()
    (reader / "runs/do_deeplab_lip").mkdir(parents=True)
    content = {"config": config.model_dump_json(), "averaged": weights}
    save_checkpoint(reader / "runs/do_deeplab_lip/best.pt", content)

    printed = types(evaluate, reader)

    assert "| + CRF | 1 |" in printed
