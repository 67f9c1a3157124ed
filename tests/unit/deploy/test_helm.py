"""The chart renders to what Kubernetes takes, and to what the service understands."""

import kubernetes_validate
import pytest

import limn
from service.settings import Settings
from tests.unit.deploy.manifests import CHART, container, helm, rendered

OWN_RESOURCES = {"monitoring.coreos.com/v1"}
"""Of operators, whose schemas are not Kubernetes' own."""

EVERYTHING: dict[str, object] = {
    "settings__max_in_flight": 32,
    "settings__image_formats": "png\\,jpeg",
    "keys__secret": "limn-keys",
    "tls__secret": "limn-tls",
    "models__claim": "models",
    "ingress__enabled": "true",
    "ingress__className": "nginx",
    "ingress__host": "parse.example",
    "ingress__tlsSecret": "ingress-tls",
    "autoscaling__enabled": "true",
    "monitoring__enabled": "true",
    "monitoring__keySecret": "scrape-key",
    "nodeSelector__pool": "cpu",
    "podAnnotations__note": "x",
    "imagePullSecrets[0]__name": "registry",
}

VARIANTS: dict[str, dict[str, object]] = {
    "default": {},
    "everything": EVERYTHING,
    "triton": {"engine": "triton", "triton__url": "triton.models:8001"},
    "by-cpu": {"autoscaling__enabled": "true", "autoscaling__metric": "cpu"},
    "gpu": {"resources__limits__nvidia\\.com/gpu": 1, "settings__device": "cuda"},
}


@pytest.mark.parametrize("version", ["1.29", "1.33"])
@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_kubernetes_takes_every_manifest(values: dict[str, object], version: str) -> None:
    checked = 0
    for manifests in rendered(**values).values():
        for manifest in manifests:
            if manifest["apiVersion"] not in OWN_RESOURCES:
                kubernetes_validate.validate(manifest, version, strict=True)
                checked += 1

    assert checked >= 6


def test_schemas_would_notice_a_wrong_manifest() -> None:
    (service, *_) = rendered()["Service"]
    service["spec"]["ports"][0]["port"] = "http"

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(service, "1.33", strict=True)


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_every_variable_is_a_setting(values: dict[str, object]) -> None:
    variables = {one["name"]: one["value"] for one in container(rendered(**values))["env"]}
    settings = {name.removeprefix("LIMN_").lower(): value for name, value in variables.items()}

    assert set(settings) <= set(Settings.model_fields)
    # Values are what the service reads, too.
    Settings.model_validate(settings)


def test_pods_are_watched_where_they_answer() -> None:
    gateway = container(rendered())
    ports = {port["name"]: port["containerPort"] for port in gateway["ports"]}
    variables = {one["name"]: one["value"] for one in gateway["env"]}

    assert variables["LIMN_OPERATIONS_PORT"] == str(ports["operations"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert gateway[probe]["httpGet"]["port"] == "operations"
        assert gateway[probe]["httpGet"]["scheme"] == "HTTP"


def test_certificates_are_for_probes_too() -> None:
    kinds = rendered(**EVERYTHING)

    assert container(kinds)["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    (endpoint,) = kinds["ServiceMonitor"][0]["spec"]["endpoints"]
    assert endpoint["scheme"] == "https"
    assert endpoint["authorization"]["credentials"] == {"name": "scrape-key", "key": "key"}


def test_pod_may_do_nothing_but_serve() -> None:
    kinds = rendered()
    pod = kinds["Deployment"][0]["spec"]["template"]["spec"]
    gateway = container(kinds)

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert gateway["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert kinds["NetworkPolicy"][0]["spec"]["egress"] == []


def test_pod_has_time_to_end() -> None:
    pod = rendered(shutdownSeconds=40, routesSeconds=7)["Deployment"][0]["spec"]["template"]["spec"]
    (gateway,) = pod["containers"]

    assert pod["terminationGracePeriodSeconds"] > 40 + 7
    assert gateway["lifecycle"]["preStop"]["exec"]["command"][-1].endswith("sleep(7)")


def test_services_lead_to_the_pods() -> None:
    kinds = rendered()
    (deployment,) = kinds["Deployment"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    names = {port["name"] for port in container(kinds)["ports"]}

    for service in kinds["Service"]:
        assert service["spec"]["selector"].items() <= labels.items()
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= names
    clients = {port["port"] for port in kinds["Service"][0]["spec"]["ports"]}
    assert clients == {8080, 8001}


def test_pods_are_added_by_what_waits() -> None:
    (scaler,) = rendered(autoscaling__enabled="true", autoscaling__costUnits=80)[
        "HorizontalPodAutoscaler"
    ]

    (metric,) = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == "limn_cost_units_in_flight"
    assert metric["pods"]["target"]["averageValue"] == "80"
    # Else each would set the number of pods that the other one chose.
    assert "replicas" not in rendered(autoscaling__enabled="true")["Deployment"][0]["spec"]


def test_triton_can_be_reached() -> None:
    (policy,) = rendered(engine="triton", triton__url="triton.models:8001")["NetworkPolicy"]

    ports = [port["port"] for port in policy["spec"]["egress"][0]["ports"]]
    assert ports == [53, 53, 8001]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replica", "3"),
        ("engine", "onnx"),
        ("engine", "triton"),  # without its address
        ("settings.http_port", "80"),  # the chart's to set
        ("autoscaling.metric", "memory"),
        ("shutdownSeconds", "0"),
    ],
)
def test_wrong_value_is_refused(name: str, value: str) -> None:
    done = helm("template", "release", str(CHART), f"--set={name}={value}")

    assert done.returncode != 0
    assert "schema" in done.stderr


def test_chart_is_of_this_version() -> None:
    assert container(rendered())["image"] == f"limn:{limn.__version__}"


def test_chart_has_no_complaint_of_helms() -> None:
    done = helm("lint", str(CHART), "--strict")

    assert done.returncode == 0, done.stdout
