"""The InferenceService: a pod of Kubernetes' own, with KServe's settings around it."""

import kubernetes_validate
import yaml

from service.settings import Settings
from tests.unit.deploy.manifests import ROOT

OF_KSERVE = {"minReplicas", "maxReplicas", "timeout", "containerConcurrency"}
"""Settings of `spec.predictor` beside those of a pod (KServe, v1beta1 ComponentExtensionSpec)."""


def test_pod_and_settings_are_what_they_must_be() -> None:
    manifest = yaml.safe_load((ROOT / "deploy" / "kserve" / "inference-service.yaml").read_text())
    predictor = manifest["spec"]["predictor"]

    assert manifest["apiVersion"] == "serving.kserve.io/v1beta1"
    assert set(manifest["spec"]) == {"predictor"}
    pod = {name: value for name, value in predictor.items() if name not in OF_KSERVE}
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "limn"}, "spec": pod},
        "1.33",
        strict=True,
    )
    (gateway,) = pod["containers"]
    assert gateway["name"] == "kserve-container"
    settings = {one["name"].removeprefix("LIMN_").lower(): one["value"] for one in gateway["env"]}
    shutdown = Settings.model_validate(settings).shutdown_timeout_s
    assert pod["terminationGracePeriodSeconds"] > shutdown
    assert predictor["containerConcurrency"] <= Settings().max_in_flight
