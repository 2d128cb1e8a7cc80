"""What is deployed is linted, of valid kinds, and as closed as the documentation says."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(
    path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml"
)
DOCKERFILES = [DEPLOY / "Dockerfile", DEPLOY / "lambda" / "Dockerfile"]
NO_COMPOSE = "docker compose is absent"


def names(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def locked(*words: str, lock: Path = ROOT / "requirements.lock") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(DEPLOY / "locked.py"), str(lock), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def needed(requirements: Iterable[str]) -> list[str]:
    """The normalised names of everything that some requirements need here."""
    found: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [Requirement(text) for text in requirements]
    while waiting:
        one = waiting.pop()
        key = (re.sub(r"[-_.]+", "-", one.name).lower(), tuple(sorted(one.extras)))
        if key in found:
            continue
        found.add(key)
        for text in importlib.metadata.requires(one.name) or []:
            inner = Requirement(text)
            extras = ("", *one.extras)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(inner)
    return sorted({name for name, _ in found})


def manifests() -> list[dict[str, Any]]:
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text(encoding="utf-8"))]


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [one for one in manifests() if one["kind"] in kinds]


WORKLOADS = of_kind("StatefulSet", "Deployment")


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_dockerfiles_are_linted(path: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_are_of_valid_kinds(path: Path) -> None:
    validate = Path(sys.executable).with_name("kubernetes-validate")
    found = subprocess.run([validate, "--strict", path], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_every_manifest_is_applied() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text(encoding="utf-8"))
    assert sorted(kustomization["resources"]) == [path.name for path in MANIFESTS]


def test_compose_is_valid_where_it_can_be_asked() -> None:
    docker = shutil.which("docker")
    compose = [docker or "docker", "compose"]
    if docker is None or subprocess.run([*compose, "version"], capture_output=True, check=False).returncode:
        pytest.skip(NO_COMPOSE)
    path = DEPLOY / "compose.yaml"
    found = subprocess.run(
        [*compose, "--file", path, "config", "--format", "json"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert set(json.loads(found.stdout)["services"]) == {"decisions"}


def test_compose_closes_what_the_image_leaves_open() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    (service,) = compose["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["volumes"] == ["state:/data"]
    assert (
        DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]
    ).resolve() == DEPLOY / "Dockerfile"


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda one: one["metadata"]["name"])
def test_pods_have_no_rights_and_a_file_system_that_cannot_be_written(workload: dict[str, Any]) -> None:
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
    assert "memory" in container["resources"]["limits"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    declared = {volume["name"] for volume in pod["volumes"]}
    claimed = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
    assert mounted == declared | claimed


def test_the_image_runs_as_the_user_that_the_pods_name() -> None:
    users = {one["spec"]["template"]["spec"]["securityContext"]["runAsUser"] for one in WORKLOADS}
    groups = {one["spec"]["template"]["spec"]["securityContext"]["fsGroup"] for one in WORKLOADS}
    stage = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    assert users == groups == {10001}
    assert "\nUSER 10001:10001\n" in stage
    assert "pip" not in stage


def test_the_entrypoint_lays_kernels_where_they_can_be_read_and_gives_way(tmp_path: Path) -> None:
    """The command takes the shell's process, so that it is what SIGTERM reaches."""
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "one.nbc").write_bytes(b"code")
    command = tmp_path / "sevenfold"
    command.write_text('#!/bin/sh\necho "$$ $PPID $*"\n')
    command.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "SEVENFOLD_KERNELS": str(tmp_path / "kernels"),
        "NUMBA_CACHE_DIR": str(tmp_path / "tmp-kernels"),
    }
    for _ in range(2):  # a container that is started again has them already
        with subprocess.Popen(
            [DEPLOY / "entrypoint.sh", "serve", "fraud"], stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            said, _error = process.communicate()
        assert process.returncode == 0
        number, _parent, *words = said.split()
        assert (int(number), words) == (process.pid, ["serve", "fraud"])
        assert (tmp_path / "tmp-kernels" / "one.nbc").read_bytes() == b"code"


def test_the_commands_of_containers_are_commands(capsys: pytest.CaptureFixture[str]) -> None:
    from sevenfold.cli import front

    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    commands = [json.loads(re.findall(r"^CMD (\[.*\])$", text, flags=re.MULTILINE)[-1])]
    commands += [one["spec"]["template"]["spec"]["containers"][0]["args"] for one in WORKLOADS]
    assert front.run(["serve", "--help"]) == 0
    known = capsys.readouterr().out
    for words in commands:
        assert " ".join(words).startswith("serve fraud --host 0.0.0.0 --port 8000 --home /data ")
        assert all(word in known for word in words if word.startswith("--") and word != "--home")


def test_selectors_find_their_pods() -> None:
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in WORKLOADS]
    for one in of_kind("Service", "PodDisruptionBudget"):
        selector = one["spec"]["selector"]
        wanted = selector.get("matchLabels", selector)
        found = [held for held in labels if wanted.items() <= held.items()]
        assert [held["app.kubernetes.io/component"] for held in found] == [one["metadata"]["name"]]
    (scaler,) = of_kind("HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] == "scoring"
    (log_keeper,) = of_kind("StatefulSet")
    assert log_keeper["spec"]["replicas"] == 1  # one process writes a log


def test_nothing_is_reached_but_what_is_named() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind("NetworkPolicy")}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (rule,) = policies["callers"]["ingress"]
    assert rule["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert "egress" not in policies["callers"]


def test_the_image_installs_what_serving_needs_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert names(DEPLOY / "serving.txt") == needed(project["project"]["dependencies"])
    assert names(DEPLOY / "building.txt") == needed(project["build-system"]["requires"])
    function = needed(["msgspec", "numpy", "onnxruntime", "polars"])
    assert names(DEPLOY / "lambda" / "packages.txt") == function
    assert {"scikit-learn", "xgboost-cpu", "pytest"}.isdisjoint(names(DEPLOY / "serving.txt"))


@pytest.mark.parametrize("file", ["building.txt", "lambda/packages.txt"])
def test_the_lock_holds_it_with_hashes(file: str) -> None:
    found = locked(f"@{DEPLOY / file}")
    assert found.returncode == 0, found.stderr
    entries = [line for line in found.stdout.splitlines() if not line.startswith(" ")]
    assert sorted({line.split("==")[0] for line in entries}) == names(DEPLOY / file)
    assert found.stdout.count("--hash=sha256:") >= len(entries)


def test_what_the_lock_does_not_hold_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(
        "Some_Thing==1.0 ; python_version < '3' \\\n    --hash=sha256:aa\n"
        "some-thing==2.0 \\\n    --hash=sha256:bb\n"
    )
    assert locked("some.thing", lock=lock).stdout == lock.read_text()
    missing = locked("some-thing", "other", "@" + str(DEPLOY / "building.txt"), lock=lock)
    assert missing.returncode == 1
    assert missing.stderr.strip().endswith(
        "does not hold: other, hatchling, packaging, pathspec, pluggy, tomlkit, trove-classifiers"
    )


def test_the_build_copies_what_the_context_holds() -> None:
    """What a Dockerfile copies is let through by .dockerignore, which lets nothing else through."""
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        word
        for path in DOCKERFILES
        for line in re.findall(r"^COPY (?!--from)(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for word in line.split()[:-1]
    }
    for source in copied:
        assert (ROOT / source).exists(), source
        assert any(source == held or source.startswith(f"{held}/") for held in let_through), source
    assert all(
        any(held == source or source.startswith(f"{held}/") for source in copied) for held in let_through
    )
