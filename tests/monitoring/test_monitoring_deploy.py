"""What is shipped for Prometheus and Grafana hangs together, and is as closed as the service."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


def test_every_container_is_closed_and_reached_from_this_machine_alone() -> None:
    services = yaml.safe_load((DEPLOY / "monitoring.yaml").read_text())["services"]
    assert set(services) == {"monitor", "prometheus", "grafana"}
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "mem_limit" in service
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert ":latest" not in service["image"] or service["image"] == "sevenfold:latest"


def test_grafana_finds_its_data_source_and_dashboards() -> None:
    grafana = DEPLOY / "grafana"
    (source,) = yaml.safe_load((grafana / "provisioning/datasources/prometheus.yaml").read_text())[
        "datasources"
    ]
    (provider,) = yaml.safe_load((grafana / "provisioning/dashboards/sevenfold.yaml").read_text())[
        "providers"
    ]
    mounts = yaml.safe_load((DEPLOY / "monitoring.yaml").read_text())["services"]["grafana"]["volumes"]
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in mounts
    boards = [json.loads(path.read_text()) for path in sorted((grafana / "dashboards").glob("*.json"))]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    for board in boards:
        assert board["panels"]
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == source["uid"]
            assert panel["targets"]


def test_the_prometheus_that_is_shipped_scrapes_the_service_with_a_key() -> None:
    shipped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = shipped["scrape_configs"]
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    ((target,),) = [one["targets"] for one in job["static_configs"]]
    assert target.partition(":")[0] in compose
    secrets = yaml.safe_load((DEPLOY / "monitoring.yaml").read_text())["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{next(iter(secrets))}"
    assert "deploy/prometheus/key" in (DEPLOY.parent / ".gitignore").read_text().splitlines()
