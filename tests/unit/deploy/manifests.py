"""Rendering the chart with Helm, as those who install it do."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "helm" / "limn"
HELM = Path(sys.executable).parent / "helm"

Manifest = dict[str, Any]


def helm(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([HELM, *arguments], capture_output=True, text=True, check=False)


def rendered(**values: object) -> dict[str, list[Manifest]]:
    """Manifests by kind; values are named as `--set` names them, with `__` for the dots."""
    chosen = [f"--set={name.replace('__', '.')}={value}" for name, value in values.items()]
    done = helm("template", "release", str(CHART), "--namespace", "people", *chosen)
    assert done.returncode == 0, done.stderr
    kinds: dict[str, list[Manifest]] = {}
    for document in yaml.safe_load_all(done.stdout):
        if document is not None:
            kinds.setdefault(document["kind"], []).append(document)
    return kinds


def container(kinds: dict[str, list[Manifest]]) -> Manifest:
    """The gateway's, of the deployment."""
    (deployment,) = kinds["Deployment"]
    (one,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(one, dict)
    return one
