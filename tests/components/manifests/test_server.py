"""The pod of a stage, whole, and what brings its artifact in."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import Manifest, stage
from components.manifests.artifact import MODEL, RECORD, check_pod
from components.manifests.credentials import config_keys
from components.manifests.policies import policies
from schemas import resolved
from schemas.access import Access
from schemas.changes import compare
from schemas.document import workspace_document
from tests.support import objects
from tests.support.stages import ROOT, artifact, full, made, on, pod, protocol

GOLDEN = ROOT / "tests" / "golden" / "stage-deployment.json"


STORE = "obs://objects.easymaker.localhost"
KEYS = pod(json.loads(GOLDEN.read_text()))["volumes"][-2:]
"""What says who may ask."""


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return full()


def test_whole_deployment(spec: resolved.Workspace) -> None:
    assert made(protocol(spec, "easymaker")) == json.loads(GOLDEN.read_text())


def test_tensorflow_serving_stands_behind_a_front(spec: resolved.Workspace) -> None:
    own = json.loads(GOLDEN.read_text())
    found = pod(made(protocol(spec, "v1")))
    fetch, check, foreign = found["initContainers"]
    assert fetch == pod(own)["initContainers"][0]
    assert check["image"] == "front:1"
    assert check["command"][-1] == "--versions=/mnt/versions"
    assert check["volumeMounts"] == [
        {"name": "model", "mountPath": "/mnt/model", "readOnly": True},
        {"name": "record", "mountPath": "/mnt/record", "readOnly": True},
        {"name": "versions", "mountPath": "/mnt/versions"},
    ]
    assert foreign == {
        "name": "server",
        "image": "server:1",
        "imagePullPolicy": "IfNotPresent",
        "restartPolicy": "Always",
        "args": [
            "--model_name=iris",
            "--model_base_path=/mnt/versions",
            "--port=8500",
            "--rest_api_port=8501",
        ],
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "1", "memory": "2Gi"},
        },
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "model", "mountPath": "/mnt/model", "readOnly": True},
            {"name": "versions", "mountPath": "/mnt/versions", "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},
        ],
    }
    (front,) = found["containers"]
    main = pod(own)["containers"][0]
    assert front == {
        **main,
        "name": "front",
        "image": "front:1",
        "command": [
            "python3",
            "-I",
            "-m",
            "serving.front",
            *main["command"][4:-1],
            "--protocol=v1",
            "--upstream=http://127.0.0.1:8501",
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"cpu": "1", "memory": "256Mi"},
        },
    }
    assert found["volumes"] == [
        {"name": "model", "emptyDir": {}},
        {"name": "record", "emptyDir": {}},
        {"name": "versions", "emptyDir": {}},
        {"name": "tmp", "emptyDir": {}},
        *KEYS,
    ]


def test_v2_server_is_told_by_variables(spec: resolved.Workspace) -> None:
    found = pod(made(protocol(spec, "v2"), artifact(model_name="a.b")))
    *_, foreign = found["initContainers"]
    assert "args" not in foreign
    assert foreign["env"] == [
        {"name": "MODEL_NAME", "value": "a.b"},
        {"name": "MODEL_DIR", "value": "/mnt/model"},
        {"name": "PORT", "value": "8000"},
    ]
    assert foreign["volumeMounts"] == [
        {"name": "model", "mountPath": "/mnt/model", "readOnly": True},
        {"name": "tmp", "mountPath": "/tmp"},
    ]
    assert found["containers"][0]["command"][-2:] == [
        "--protocol=v2",
        "--upstream=http://127.0.0.1:8000",
    ]


def test_model_on_nas_is_mounted_and_only_read(spec: resolved.Workspace) -> None:
    path = "nas://models:/legacy/$(HOME)"
    item = artifact(path, revision="", framework="pytorch", training="")
    found = made(spec, item, of="green")
    mount = {
        "name": "nas-models",
        "mountPath": "/mnt/model",
        "subPath": "legacy/$(HOME)",
        "readOnly": True,
    }
    (fetch,) = pod(found)["initContainers"]
    assert "env" not in fetch
    assert fetch["volumeMounts"] == [mount]
    shown = "nas://models:/legacy/$$(HOME)"
    assert fetch["command"][3:] == ["model", "", "/mnt/model", shown, ""]
    (main,) = pod(found)["containers"]
    assert main["volumeMounts"][:2] == [mount, {"name": "tmp", "mountPath": "/tmp"}]
    assert pod(found)["volumes"] == [
        {"name": "nas-models", "persistentVolumeClaim": {"claimName": "nas-models"}},
        {"name": "tmp", "emptyDir": {}},
        *KEYS,
    ]
    assert "easymaker.io/revision" not in found["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize(
    "change", [{"resource_path": "/other"}, {"flavor": "g4.c4m16"}, {"log_management": False}]
)
def test_what_a_server_is_told_is_in_its_pod(
    spec: resolved.Workspace, change: dict[str, Any]
) -> None:
    parent = spec.endpoints["iris"]
    if "flavor" in change:
        change = {"flavor": spec.platform.flavors[change["flavor"]]}
    of_parent = "log_management" in change
    one = replace(parent.stages["blue"], **({} if of_parent else change))
    changed = replace(parent, **(change if of_parent else {}))
    found = stage.deployment(spec, changed, one, artifact())
    assert found["spec"]["template"] != made(spec)["spec"]["template"]


@pytest.mark.parametrize(
    ("image", "name", "rolls"),
    [
        ("tools", "v1", True),
        ("tools", "easymaker", True),
        ("serving-front", "v1", True),
        ("serving-front", "easymaker", False),
    ],
)
def test_image_that_a_stage_needs_rolls_it(
    spec: resolved.Workspace, image: str, name: str, rolls: bool
) -> None:
    before = protocol(spec, name)
    after = on(before, built_images={**before.platform.built_images, image: "other:2"})
    old, new = (made(found)["spec"]["template"] for found in (before, after))
    assert (old != new) == rolls
    (change,) = compare(workspace_document(before), workspace_document(after))
    assert ("endpoints.iris.stages.blue" in change.affects) == rolls


def bring(container: Manifest, folder: Path, record: Path, endpoint: str = "") -> "tuple[int, str]":
    """Run what brings an artifact in, into a folder of the test. Returns code and last line."""
    command = [text.replace("$$", "$") for text in container["command"]]
    *_, script, name, source, target, shown, kept = command
    assert target == MODEL
    values = {item["name"]: item.get("value") for item in container.get("env", ())}
    values |= {
        "RCLONE_RETRIES": "1",
        "RCLONE_CONFIG_S0_ENDPOINT": endpoint,
        "RCLONE_CONFIG_S0_ACCESS_KEY_ID": objects.ACCESS_KEY,
        "RCLONE_CONFIG_S0_SECRET_ACCESS_KEY": objects.SECRET_KEY,
    }
    done = subprocess.run(
        ["sh", "-c", script.replace(RECORD, str(record)), name, source, folder, shown, kept],
        env={"PATH": f"{Path(objects.rclone()).parent}:/usr/bin:/bin", **values},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


def test_artifact_that_is_none_ends_the_pod(spec: resolved.Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "empty").mkdir(parents=True)
    fetch = pod(made(spec, artifact("nas://models:/legacy")))["initContainers"][0]
    nothing = "no model: nothing lies under nas://models:/legacy"
    assert bring(fetch, folder, tmp_path) == (1, nothing)
    (folder / "weights.h5").write_text("x")
    assert bring(fetch, folder, tmp_path) == (0, "")


def test_artifact_is_what_lies_in_its_folder(spec: resolved.Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "of-a-run-before").write_text("x")

    def fetched(address: str) -> "tuple[int, str]":
        container = pod(made(protocol(spec, "easymaker"), artifact(address)))["initContainers"][0]
        return bring(container, folder, tmp_path, store.endpoint)

    with objects.serve(tmp_path / "store") as store:
        store.put("m/iris/model/a b", "x")
        store.put("m/iris/model-old/c", "x")
        store.put("m/single", "x")
        store.put("m/iris/completion.json", "a record")
        base = "obs://objects.easymaker.localhost"
        for _ in range(2):  # a pod may run it again
            assert fetched(f"{base}/m/iris/model") == (0, "")
            assert [item.name for item in folder.iterdir()] == ["a b"]
        assert (tmp_path / "completion.json").read_text() == "a record"
        (tmp_path / "completion.json").unlink()
        for path in ("m/iris/mod", "m/none", "m/single"):
            assert fetched(f"{base}/{path}") == (1, f"no model: nothing lies under {base}/{path}")
        gone = f"no model: the container of {base}/gone/x does not exist"
        assert fetched(f"{base}/gone/x") == (3, gone)


def test_who_asks_is_nobodys_business_but_the_answering_containers(
    spec: resolved.Workspace,
) -> None:
    found = pod(made(protocol(spec, "v1")))
    assert [volume["name"] for volume in KEYS] == ["api-keys", "jwt"]
    others = [mount["name"] for item in found["initContainers"] for mount in item["volumeMounts"]]
    assert not {"api-keys", "jwt"} & set(others)
    parent = replace(spec.endpoints["iris"], access=Access())
    open_to_all = pod(stage.deployment(spec, parent, parent.stages["blue"], artifact()))
    text = json.dumps(open_to_all)
    assert "api-key" not in text
    assert "jwt" not in text


def test_what_a_training_made_is_checked_by_its_record(spec: resolved.Workspace) -> None:
    found = pod(made(protocol(spec, "easymaker"), artifact(f"{STORE}/r/iris-1/model")))
    fetch, check = found["initContainers"]
    assert fetch["command"][4:] == [
        "S0:r/iris-1/model/",
        "/mnt/model",
        f"{STORE}/r/iris-1/model",
        "S0:r/iris-1/",
    ]
    mounts = [
        {"name": "model", "mountPath": "/mnt/model"},
        {"name": "record", "mountPath": "/mnt/record"},
    ]
    assert fetch["volumeMounts"] == mounts
    assert check["volumeMounts"] == [{**mount, "readOnly": True} for mount in mounts]
    assert check["command"][4:] == [
        "--model-dir=/mnt/model",
        f"--address={STORE}/r/iris-1/model",
        "--record=/mnt/record/completion.json",
        "--framework=tensorflow",
        "--model-name=iris",
    ]
    assert check["image"] == found["containers"][0]["image"]
    on_nas = pod(made(spec, artifact("nas://models:/runs/iris-1/model")))
    _, check = on_nas["initContainers"][:2]
    assert check["volumeMounts"][:2] == [
        {
            "name": "nas-models",
            "mountPath": "/mnt/model",
            "subPath": "runs/iris-1/model",
            "readOnly": True,
        },
        {
            "name": "nas-models",
            "mountPath": "/mnt/record",
            "subPath": "runs/iris-1",
            "readOnly": True,
        },
    ]
    assert [volume["name"] for volume in on_nas["volumes"]].count("nas-models") == 1


def test_keys_of_the_stacks_configuration_are_one_item_of_its_secret(
    spec: resolved.Workspace,
) -> None:
    access = Access.model_validate({"api_keys": {"pulumi_config": "team:callers"}})
    parent = replace(spec.endpoints["iris"], access=access)
    found = pod(stage.deployment(spec, parent, parent.stages["blue"], artifact()))
    items = [{"key": "team.callers", "path": "team.callers"}]
    secret = {"secretName": "platform-credentials", "items": items}
    assert found["volumes"][-1] == {"name": "api-keys", "secret": secret}
    changed = replace(spec, endpoints={"iris": parent})
    assert set(config_keys(changed)) - set(config_keys(spec)) == {"team:callers"}


def test_issuers_keys_by_url_need_a_way_out(spec: resolved.Workspace) -> None:
    url = "https://a.test:8443/keys/?p=b2c"
    token = {"issuer": "https://a.test/", "audience": "iris", "jwks_url": url}
    parent = replace(spec.endpoints["iris"], access=Access.model_validate({"jwt": token}))
    found = pod(stage.deployment(spec, parent, parent.stages["blue"], artifact()))
    assert {f"--jwt-keys-url={url}", "--jwt-issuer=https://a.test/"} <= set(
        found["containers"][0]["command"]
    )
    assert "jwt" not in [volume["name"] for volume in found["volumes"]]
    way_out = [
        policy["spec"]
        for policy in policies(replace(spec, endpoints={"iris": parent}))
        if policy["metadata"]["name"] == "allow-token-issuers"
    ]
    block = {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}
    ports = [{"protocol": "TCP", "port": 8443}]
    assert way_out == [
        {
            "podSelector": {"matchLabels": {"easymaker.io/kind": "stage"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": block}], "ports": ports}],
        }
    ]


def test_check_of_an_artifact_is_a_pod_of_its_own(spec: resolved.Workspace) -> None:
    item = artifact(f"{STORE}/r/iris-1/model")
    blue = spec.endpoints["iris"].stages["blue"]
    found = check_pod(protocol(spec, "easymaker"), blue, item)
    inside = pod(made(protocol(spec, "easymaker"), item))
    assert found["metadata"] == {
        "name": "check-blue-iris",
        "namespace": "vision",
        "labels": {
            "app.kubernetes.io/managed-by": "pulumi",
            "easymaker.io/kind": "check",
            "easymaker.io/name": "blue-iris",
        },
    }
    assert [*found["spec"]["initContainers"], *found["spec"]["containers"]] == inside[
        "initContainers"
    ]
    assert found["spec"]["volumes"] == [
        {"name": "model", "emptyDir": {}},
        {"name": "record", "emptyDir": {}},
    ]
    assert found["spec"]["restartPolicy"] == "Never"
