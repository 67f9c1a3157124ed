"""Prometheus, and Grafana where it is installed, on a Limn that runs on this machine.

`python -m tools.watch`, until Ctrl-C. Prometheus answers on 9090, with the alerts of
deploy/prometheus; Grafana on 3000, with the dashboard of deploy/grafana and nobody asked to log in.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
STATE = ROOT / "build" / "watch"

_SOURCE = """\
apiVersion: 1
datasources:
  - {name: Prometheus, type: prometheus, url: "http://127.0.0.1:9090", isDefault: true}
"""
_DASHBOARDS = """\
apiVersion: 1
providers:
  - {name: Limn, type: file, options: {path: "%s"}}
"""


def prometheus() -> list[str]:
    """The command that starts it."""
    program = shutil.which("prometheus")
    if program is None:
        sys.exit("Prometheus is not installed; on Debian: apt-get install prometheus")
    return [
        program,
        f"--config.file={DEPLOY / 'prometheus' / 'prometheus.yml'}",
        f"--storage.tsdb.path={STATE / 'prometheus'}",
        "--web.listen-address=127.0.0.1:9090",
        "--log.level=warn",
    ]


def grafana() -> list[str] | None:
    """The command that starts it, after its provisioning is written; None where there is none."""
    program = shutil.which("grafana")
    if program is None:
        return None
    home = Path(os.environ.get("GRAFANA_HOME", "/usr/share/grafana"))
    provisioning = STATE / "grafana" / "provisioning"
    for kind, text in (
        ("datasources", _SOURCE),
        ("dashboards", _DASHBOARDS % (DEPLOY / "grafana")),
    ):
        file = provisioning / kind / "limn.yml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    settings = {
        "paths.data": STATE / "grafana" / "data",
        "paths.provisioning": provisioning,
        "server.http_addr": "127.0.0.1",
        "auth.anonymous.enabled": "true",
        "auth.anonymous.org_role": "Admin",
        "analytics.reporting_enabled": "false",
        "analytics.check_for_updates": "false",
    }
    chosen = [f"cfg:default.{name}={value}" for name, value in settings.items()]
    return [program, "server", f"--homepath={home}", *chosen]


def main() -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    commands = [prometheus()]
    dashboards = grafana()
    if dashboards is not None:
        commands.append(dashboards)
    running = [subprocess.Popen(command) for command in commands]  # noqa: S603 - our own
    print("Prometheus: http://127.0.0.1:9090", flush=True)
    print(
        "Grafana: http://127.0.0.1:3000/d/limn"
        if dashboards is not None
        else "Grafana is not installed; import deploy/grafana/limn.json into one that is"
    )
    try:
        while all(program.poll() is None for program in running):
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    for program in running:
        program.send_signal(signal.SIGTERM)
        program.wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
