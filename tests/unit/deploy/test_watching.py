"""The dashboard and the alerts ask for metrics that there are, by labels that they have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import yaml

from service.metrics import Metrics
from tests.unit.deploy.manifests import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "limn.json"
RULES = ROOT / "deploy" / "prometheus" / "limn.rules.yml"
OF_PROMETHEUS = {"up": set[str]()}
"""Metrics that it makes itself."""
OF_EVERY_TARGET = {"job", "instance", "le"}
_VARIABLES = {"$__rate_interval": "5m", "$job": "limn", "$instance": ".*"}
_SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
}


def exposed() -> dict[str, set[str]]:
    """Every series by name, with its labels; those of a metric that was never set too."""
    metrics = Metrics()
    known = dict(OF_PROMETHEUS)
    labels = {
        name: set(getattr(collector, "_labelnames", ()))
        for collector, names in metrics.registry._collector_to_names.items()
        for name in names
    }
    for family in metrics.registry.collect():
        for suffix in _SUFFIXES[family.type]:
            own = labels.get(family.name, set()) | ({"version"} if family.type == "info" else set())
            known[family.name + suffix] = set(own)
    return known


def selectors(node: Any) -> Iterator[tuple[str, set[str]]]:
    """Name and labels of everything that an expression asks for."""
    if isinstance(node, promql.VectorSelector):
        yield str(node.name), {matcher.name for matcher in node.matchers.matchers}
    for part in ("lhs", "rhs", "expr", "vector_selector"):
        if hasattr(node, part):
            yield from selectors(getattr(node, part))
    for argument in getattr(node, "args", ()):
        yield from selectors(argument)


def groupings(expression: str) -> set[str]:
    """Labels that an expression groups by."""
    found = re.findall(r"\b(?:by|on|without|ignoring) \(([^)]*)\)", expression)
    return {name.strip() for names in found for name in names.split(",")}


def panel_queries() -> list[tuple[str, str]]:
    board = json.loads(DASHBOARD.read_text())
    queries = [
        (panel["title"], target["expr"])
        for panel in board["panels"]
        for target in panel.get("targets", ())
    ]
    queries += [(note["name"], note["expr"]) for note in board["annotations"]["list"]]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert asked is not None
            queries.append((variable["name"], f"sum by ({asked[2]}) ({asked[1]})"))
    for variable, value in _VARIABLES.items():
        queries = [(title, query.replace(variable, value)) for title, query in queries]
    return queries


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


QUERIES = [*panel_queries(), *((rule["alert"], rule["expr"]) for rule in rules())]


@pytest.mark.parametrize(("title", "query"), QUERIES)
def test_query_names_what_is_exposed(title: str, query: str) -> None:
    known = exposed()
    asked = list(selectors(promql.parse(query)))

    assert asked, title
    labels: set[str] = set(OF_EVERY_TARGET)
    for name, matched in asked:
        assert name in known, f"{title}: {name}"
        assert matched <= known[name] | OF_EVERY_TARGET, f"{title}: {name} {matched}"
        labels |= known[name]
    assert groupings(query) <= labels, title


def test_a_wrong_name_would_be_noticed() -> None:
    ((name, labels),) = selectors(promql.parse('rate(limn_request_total{code="200"}[5m])'))

    assert (name, labels) == ("limn_request_total", {"code"})
    assert name not in exposed()


def test_dashboard_shows_every_metric() -> None:
    shown = {name for _, query in panel_queries() for name, _ in selectors(promql.parse(query))}
    families = {
        name.removesuffix(suffix)
        for name in shown
        for suffix in ("_total", "_bucket", "_sum", "_count", "_info")
    }
    families |= shown
    own = {one.name for one in Metrics().registry.collect() if one.name.startswith("limn_")}

    assert own - families == set()


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["description"]


needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool: apt-get install prometheus"
)


@needs_promtool
def test_promtool_finds_no_fault() -> None:
    for kind, file in (("rules", RULES), ("config", RULES.with_name("prometheus.yml"))):
        done = subprocess.run(
            ["promtool", "check", kind, file], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@needs_promtool
def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    series = [
        ('limn_requests_total{job="limn",route="/v1/parse",status="200"}', "0+60x60"),
        ('limn_requests_total{job="limn",route="/v1/parse",status="500"}', "0+6x60"),
        ('limn_problems_total{job="limn",instance="a",problem="engine-unavailable"}', "0+5x60"),
        ('limn_cost_units_in_flight{job="limn",instance="a"}', "390x60"),
        ('limn_cost_units_limit{job="limn",instance="a"}', "400x60"),
        ('process_open_fds{job="limn",instance="a"}', "100x60"),
        ('process_max_fds{job="limn",instance="a"}', "1024x60"),
        ('up{job="limn",instance="a"}', "1x60"),
    ]
    fires = {"LimnFails", "LimnEngineAway", "LimnNearItsLimit"}
    quiet = {"LimnDown", "LimnOpenFiles", "LimnRefuses"}
    test = {
        "rule_files": [str(RULES)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": [
                    {
                        "expr": f'count(ALERTS{{alertname="{name}",alertstate="firing"}})',
                        "eval_time": "40m",
                        "exp_samples": [{"value": 1, "labels": "{}"}] if name in fires else [],
                    }
                    for name in sorted(fires | quiet)
                ],
            }
        ],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test))

    done = subprocess.run(
        ["promtool", "test", "rules", file], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
