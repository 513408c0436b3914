"""The manifests of Kubernetes: valid by its own schemas, and in agreement with each other, the server and the image."""

import copy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from api.commands.migrate import migrate
from api.commands.serve import serve
from api.data.database import connections_of
from api.setting_words import variables
from api.settings import PROJECT, Settings
from tests.test_docker import FINAL

FOLDER = PROJECT / "deploy/kubernetes"

FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")

OLDEST, NEWEST = "1.30.0", kubernetes_validate.latest_version()
"""Versions of Kubernetes between which the manifests are valid."""


def read(name: str) -> dict[str, Any]:
    """Return a manifest."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text())
    return found


DEPLOYMENT, MIGRATE = read("deployment.yaml"), read("migrate.yaml")

PODS = [each["spec"]["template"]["spec"] for each in (DEPLOYMENT, MIGRATE)]

CONTAINER = PODS[0]["containers"][0]

CONFIGURED = read("configmap.yaml")["data"]


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_valid(path: Path, version: str) -> None:
    """Each manifest is valid, and has no field that Kubernetes does not know."""
    kubernetes_validate.validate(yaml.safe_load(path.read_text()), version, strict=True)


def test_checker_sees_mistakes() -> None:
    """A misspelt field, and a value of the wrong kind, are seen."""
    for spec in ({"terminationGracePeriodSecond": 1}, {"terminationGracePeriodSeconds": "long"}):
        wrong = copy.deepcopy(DEPLOYMENT)
        wrong["spec"]["template"]["spec"] |= spec
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_kustomization_names_all() -> None:
    """It names every manifest but the examples, and the images of both."""
    kustomization = read("kustomization.yaml")
    assert {*kustomization["resources"], "network.yaml", "secret.example.yaml"} == {path.name for path in FILES}
    assert {pod["containers"][0]["image"] for pod in PODS} == {kustomization["images"][0]["name"]}


def test_variables_are_settings() -> None:
    """What the config map and the secret set are settings of the server, and the values can be used."""
    given = CONFIGURED | read("secret.example.yaml")["stringData"]
    assert given.keys() - variables().keys() == set()
    Settings(_env_file=None, **{variables()[name]: value for name, value in given.items()})


def test_probes_ask_what_the_server_answers() -> None:
    """The probes ask for paths of the health endpoints, at the port that the image listens on."""
    port = {each["name"]: each["containerPort"] for each in CONTAINER["ports"]}
    assert str(port["http"]) == FINAL.environment()["ACHENE_PORT"]
    probes = {name: CONTAINER[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/health/startup",
        "liveness": "/health/live",
        "readiness": "/health/ready",
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    limit = Settings(_env_file=None).health_timeout_seconds
    assert CONTAINER["readinessProbe"]["timeoutSeconds"] > limit
    assert read("service.yaml")["spec"]["ports"][0]["targetPort"] == "http"
    assert read("network.yaml")["spec"]["ingress"][0]["ports"][0]["port"] == port["http"]


def test_pods_have_time_to_stop() -> None:
    """A pod is killed only after the server has had its time to drain, and to end what runs."""
    times = [float(CONFIGURED[f"ACHENE_{name}_SECONDS"]) for name in ("DRAIN", "SHUTDOWN_TIMEOUT")]
    assert PODS[0]["terminationGracePeriodSeconds"] >= sum(times) + 5


@pytest.mark.parametrize("pod", PODS, ids=["server", "migrate"])
def test_pods_are_restricted(pod: dict[str, Any]) -> None:
    """Pods meet the restricted standard, write nowhere but to /tmp, and run as the image's user.

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    """
    security, container = pod["securityContext"], pod["containers"][0]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"{security['runAsUser']}:{security['runAsGroup']}" == FINAL.texts("USER")[0]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]  # noqa: S108 - a path of the image
    assert pod["automountServiceAccountToken"] is False
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@pytest.mark.parametrize("pod", PODS, ids=["server", "migrate"])
def test_variables_of_services_do_not_reach_pods(pod: dict[str, Any]) -> None:
    """For a service `achene` Kubernetes would set ACHENE_PORT to an address, which is no port."""
    assert read("service.yaml")["metadata"]["name"] == "achene"
    assert pod["enableServiceLinks"] is False


def test_labels_select_the_server_alone() -> None:
    """Service, budget, spread and deployment select pods of the server, and none of the migration."""
    server, migration = (each["spec"]["template"]["metadata"]["labels"] for each in (DEPLOYMENT, MIGRATE))
    selectors = [
        read("service.yaml")["spec"]["selector"],
        DEPLOYMENT["spec"]["selector"]["matchLabels"],
        read("disruption.yaml")["spec"]["selector"]["matchLabels"],
        *(each["labelSelector"]["matchLabels"] for each in PODS[0]["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector.items() <= server.items()
        assert not selector.items() <= migration.items()


def test_references_lead_somewhere() -> None:
    """Pods take the config map and the secret that there are, and the autoscaler scales the deployment."""
    names = {kind["kind"]: kind["metadata"]["name"] for kind in map(read, [path.name for path in FILES])}
    for pod in PODS:
        config, secret = pod["containers"][0]["envFrom"]
        assert config["configMapRef"]["name"] == names["ConfigMap"]
        assert secret["secretRef"]["name"] == names["Secret"]
    target = read("autoscaling.yaml")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", names["Deployment"])
    assert "replicas" not in DEPLOYMENT["spec"], "the autoscaler would be overruled at each apply"


def test_commands_are_ours() -> None:
    """Pods run subcommands of the image's entry point."""
    assert FINAL.command("ENTRYPOINT") == ["achene"]
    assert [pod["containers"][0]["args"] for pod in PODS] == [[serve.__name__], [migrate.__name__]]


def test_told_connections_are_right() -> None:
    """The config map says how many connections a pod may have to PostgreSQL."""
    settings = Settings(_env_file=None, **{variables()[name]: value for name, value in CONFIGURED.items()})
    told = f"maxReplicas of autoscaling.yaml times {connections_of(settings)} connections"
    assert told in (FOLDER / "configmap.yaml").read_text()
