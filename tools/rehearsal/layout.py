"""Which configs are rehearsed, and where everything lies."""

from pathlib import Path

CONFIGS = Path("training/configs")
SOURCE = Path("data/ccp")
RUNS = Path("runs/rehearsal")
DATA = RUNS / "data"
OUT = Path("docs/results/rehearsal")

NAMES = (
    "do_deeplab_lip",
    "mman_lip",
    "attention_lip",
    "attention_mman_pascal",
    "fcn8s_lip",
    "segnet_lip",
    "deeplab_v2_lip",
    "attention_ssl_lip",
    "ssl_do_deeplab_lip",
    "mman_release_lip",
    "man_lip",
    "san_lip",
    "deeplab_v2_ssl_lip",
)
"""Every kind of network first; stage 2 of SSL after the stage 1 that it starts from."""

PHOTOS = {"train": 4, "val": 3}
"""No fewer of val: `limn export onnx` compares batches of three."""

EPOCHS = 2
