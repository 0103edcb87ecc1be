"""Notebooks and TensorBoards behind an OpenID issuer."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.manifests import credentials, experiment, notebook, policies, sign_in, tokens
from schemas import resolved
from tests.support.workspaces import workspace as spec_of

ACCESS = """
  access:
    issuer: https://login.test:8443/realm
    client_id: easymaker
    client_secret: {pulumi_config: signInSecret}
    image: images.test/oauth2-proxy:7
    email_domains: [ml.test, lab.test]
    groups: [ml-team]
  quotas"""


@pytest.fixture
def spec(tmp_path: Path) -> resolved.Workspace:
    return spec_of(tmp_path, ("\n  quotas", ACCESS))


def pod(spec: resolved.Workspace, kind: str) -> Any:
    if kind == "notebook":
        made = notebook.stateful_set(spec, spec.notebooks["explore"], "print")
    else:
        made = experiment.deployment(spec, spec.experiments["iris"], "print")
    return made["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("kind", "secret", "host", "behind", "health"),
    [
        ("notebook", "notebook-explore", "notebook-explore", 8888, "/api"),
        ("experiment", "experiment-iris", "tensorboard-iris", 6006, "/healthz"),
    ],
)
def test_a_proxy_stands_before_it(
    spec: resolved.Workspace, kind: str, secret: str, host: str, behind: int, health: str
) -> None:
    proxy = pod(spec, kind)["containers"][-1]
    assert proxy["image"] == "images.test/oauth2-proxy:7"
    assert {
        f"--redirect-url=http://{host}.lab.ml.test:8088/oauth2/callback",
        "--email-domain=ml.test",
        "--email-domain=lab.test",
        "--allowed-group=ml-team",
        f"--upstream=http://127.0.0.1:{behind}/",
        f"--skip-auth-route=GET=^{health}$$",  # the kubelet takes one away
        "--cookie-secure=false",
    } <= set(proxy["args"])
    sources = {
        entry["name"].removeprefix("OAUTH2_PROXY_"): entry["valueFrom"]["secretKeyRef"]
        for entry in proxy["env"]
    }
    assert sources == {
        "CLIENT_SECRET": {"name": "platform-credentials", "key": "signInSecret"},
        "COOKIE_SECRET": {"name": secret, "key": "cookie"},
        "BASIC_AUTH_PASSWORD": {"name": secret, "key": "token"},
    }
    made = (
        notebook.service(spec, spec.notebooks["explore"])
        if kind == "notebook"
        else experiment.service(spec, spec.experiments["iris"])
    )
    assert made["spec"]["ports"][0]["targetPort"] == sign_in.PORT


def test_the_clients_secret_is_asked_for_with_other_credentials(spec: resolved.Workspace) -> None:
    assert "signInSecret" in credentials.config_keys(spec)


def test_the_gateway_reaches_proxies_alone_and_they_the_issuer(spec: resolved.Workspace) -> None:
    found = {policy["metadata"]["name"]: policy["spec"] for policy in policies.policies(spec)}
    for kind, port in (("notebook", 4180), ("experiment", 4180), ("stage", 8080)):
        (rule,) = found[f"allow-gateway-{kind}"]["ingress"]
        assert rule["ports"] == [{"protocol": "TCP", "port": port}]
    (rule,) = found["allow-issuer"]["egress"]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8443}]
    assert '"experiment", "notebook"' in json.dumps(found["allow-issuer"]["podSelector"])


@pytest.mark.parametrize("issuer", ["https://login.test:8443/realm", "https://login.test/"])
def test_an_issuer_stays_as_it_is_written(tmp_path: Path, issuer: str) -> None:
    written = ACCESS.replace("https://login.test:8443/realm", issuer)
    spec = spec_of(tmp_path, ("\n  quotas", written))
    proxy = pod(spec, "notebook")["containers"][-1]
    assert f"--oidc-issuer-url={issuer}" in proxy["args"]


def test_without_an_issuer_there_is_no_proxy(tmp_path: Path) -> None:
    spec = spec_of(tmp_path)
    assert "access" not in [container["name"] for container in pod(spec, "notebook")["containers"]]
    assert "allow-issuer" not in json.dumps(policies.policies(spec))


def test_cookies_are_sealed_with_what_is_not_the_token() -> None:
    secret = tokens.cookie_secret("token")
    assert len(secret) == 32
    assert secret != tokens.cookie_secret("another")
