"""Manifests of a training, whole."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from launcher import distributed
from launcher import job as launcher_job
from launcher.layout import Layout
from launcher.settings import Settings

from components.manifests import job_document, run_settings, stores, training
from schemas import load, resolved
from schemas.address import Address, parse_address
from schemas.compute import Taint
from schemas.hyperparameter import Hyperparameter
from schemas.storage import Credentials, HostPathNas, S3Storage, SwiftStorage

ROOT = Path(__file__).parents[3]
KEYS = ("access_key", "secret_key")
HOSTILE = "$(EM_REGION) $$ ${HOME}\n\t붓꽃"
GOLDEN = ROOT / "tests" / "golden" / "training-job.json"


@pytest.fixture(scope="module")
def spec() -> resolved.Workspace:
    return load(ROOT / "stacks" / "local.yaml")


def item(spec: resolved.Workspace, **changes: Any) -> resolved.Training:
    return replace(spec.trainings["iris-sklearn"], **changes)


def document(spec: resolved.Workspace, one: resolved.Training, tmp_path: Path) -> launcher_job.Job:
    """The document, as the launcher reads it."""
    made = training.training_job(spec, one, "launcher-x")
    annotations = made["spec"]["template"]["metadata"]["annotations"]
    (tmp_path / "job.json").write_text(annotations["easymaker.io/job"], encoding="utf-8")
    return launcher_job.load(str(tmp_path / "job.json"))


def test_whole_job(spec: resolved.Workspace) -> None:
    made = training.training_job(spec, item(spec), "launcher-x")
    # Image tags are hashes of what is in the images.
    text = json.dumps(made, indent=2)
    for name, reference in spec.platform.built_images.items():
        text = text.replace(reference, f"<{name}>")
    made = json.loads(text)
    fixed = json.loads(made["metadata"]["annotations"].pop("easymaker.io/made-of"))
    assert made == json.loads(GOLDEN.read_text())
    rest = {**made["spec"]}
    del rest["suspend"], rest["activeDeadlineSeconds"]
    template = {**rest["template"], "metadata": dict(rest["template"]["metadata"])}
    del template["metadata"]["annotations"]
    assert fixed == {**rest, "template": template}


def test_settings_are_what_the_launcher_reads(spec: resolved.Workspace, tmp_path: Path) -> None:
    made = run_settings.run_settings(spec, item(spec, max_time=5400, checkpoint_interval=30))
    file = tmp_path / run_settings.FILE
    file.write_text(made["data"][file.name], encoding="utf-8")
    assert Settings(str(file)).now() == (5400, 30)
    home = Layout(job_document.HOME)
    assert home.settings == f"{run_settings.MOUNT}/{run_settings.FILE}"
    volumes = training.training_job(spec, item(spec), "x")["spec"]["template"]["spec"]["volumes"]
    mounted = {volume["name"]: volume.get("configMap") for volume in volumes}
    assert mounted[run_settings.VOLUME] == {"name": made["metadata"]["name"]}


def test_launcher_reads_what_the_builder_writes(spec: resolved.Workspace, tmp_path: Path) -> None:
    values = {
        "layers": Hyperparameter('{"layers":[64,32]}', '"{\\"layers\\":[64,32]}"'),
        "env": Hyperparameter(
            "$(EM_REGION) $$ ${HOME}\n\t붓꽃", '"$(EM_REGION) $$ ${HOME}\\n\\t붓꽃"'
        ),
        "lr": Hyperparameter("2.10", "2.10"),
        "big": Hyperparameter("12345678901234567890123", "12345678901234567890123"),
        "on": Hyperparameter("true", "true"),
    }
    read = document(spec, item(spec, hyperparameters=values, log_management=True), tmp_path)
    assert read.hyperparameters == {key: value.text for key, value in values.items()}
    assert '"lr": 2.10, "big": 12345678901234567890123, "on": true' in read.hyperparameters_json
    assert {
        key: value if isinstance(value, str) else None
        for key, value in json.loads(read.hyperparameters_json).items()
    } == {key: value.text if value.is_text else None for key, value in values.items()}
    assert read.log_management
    assert read.code.path == "examples/iris/code/sklearn"
    assert read.output == launcher_job.Place(
        f"obs://objects.easymaker.localhost/results/iris/iris-sklearn-{item(spec).revision}",
        "S0",
        f"results/iris/iris-sklearn-{item(spec).revision}",
    )
    assert (read.checkpoint_input, read.checkpoint, read.hosts) == (None, None, [])
    assert read.tensorboard == launcher_job.Place(
        f"obs://objects.easymaker.localhost/system/iris/tensorboard/iris/iris-sklearn-"
        f"{item(spec).revision}",
        "S0",
        f"system/iris/tensorboard/iris/iris-sklearn-{item(spec).revision}",
    )
    assert read.data_storage == 300 * 2**30


def test_full_form_of_an_address_loses_its_account(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    full = parse_address("obs://objects.easymaker.localhost/v1/AUTH_a1/box/d/iris/")
    assert full is not None
    read = document(spec, item(spec, input_data={"train": full}), tmp_path)
    assert read.datasets["train"] == launcher_job.Place(
        "obs://objects.easymaker.localhost/v1/AUTH_a1/box/d/iris", "S0", "box/d/iris"
    )


def test_gpu_flavor_and_its_pool(spec: resolved.Workspace) -> None:
    pool = resolved.Pool(
        "gpu", {"easymaker.io/pool": "gpu"}, {"nvidia.com/gpu": Taint(value="yes")}, 2, 1
    )
    flavor = replace(item(spec).flavor, core_type="gpu", gpu_model="l4", gpu_count=1, pool=pool)
    made = training.training_job(spec, item(spec, flavor=flavor), "launcher-x")
    pod = made["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"easymaker.io/pool": "gpu"}
    assert pod["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}
    ]
    assert pod["containers"][0]["resources"] == {
        "requests": {"cpu": "100m", "memory": "256Mi", "nvidia.com/gpu": "1"},
        "limits": {"cpu": "1", "memory": "2Gi", "nvidia.com/gpu": "1"},
    }


def test_restricted_platform_runs_as_a_user(spec: resolved.Workspace) -> None:
    restricted = replace(spec, platform=replace(spec.platform, security="restricted"))
    made = training.training_job(restricted, item(spec), "launcher-x")
    assert made["spec"]["template"]["spec"]["securityContext"] == {
        "seccompProfile": {"type": "RuntimeDefault"},
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
    }


def test_two_instances_differ_in_what_they_find_each_other_by(
    spec: resolved.Workspace, tmp_path: Path
) -> None:
    one = training.training_job(spec, item(spec), "launcher-x")
    made = training.training_job(spec, item(spec, instances=2), "launcher-x")
    assert (made["spec"]["completions"], made["spec"]["parallelism"]) == (2, 2)
    pod, alone = made["spec"]["template"]["spec"], one["spec"]["template"]["spec"]
    assert pod == {**alone, "subdomain": "training-iris-sklearn"}
    read = document(spec, item(spec, instances=2), tmp_path)
    assert read.hosts == [
        f"{made['metadata']['name']}-{index}.training-iris-sklearn.iris.svc" for index in (0, 1)
    ]
    assert read == document(spec, item(spec), tmp_path)._replace(hosts=read.hosts)
    # What was made of one is made again of the live object.
    live = {**made, "spec": {**made["spec"], "selector": {}}}
    assert training.training_job(spec, item(spec, instances=2), "launcher-y", live) == made


def test_longest_names_are_hosts(spec: resolved.Workspace) -> None:
    longest = item(spec, name="n" * 50, instances=10)
    found = job_document.hosts(replace(spec, name="w" * 50), longest)
    assert len(found) == 10
    assert len(found[9]) <= 253
    assert all(len(label) <= 63 for host in found for label in host.split("."))


def finished(job: dict[str, Any], kind: str = "Complete", status: str = "True") -> dict[str, Any]:
    return {**job, "status": {"conditions": [{"type": kind, "status": status}]}}


def test_service_is_there_while_several_instances_may_run(spec: resolved.Workspace) -> None:
    several = item(spec, instances=3)
    made = training.training_service(spec, several, [])
    assert made == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "training-iris-sklearn",
            "namespace": "iris",
            "labels": {
                "app.kubernetes.io/managed-by": "pulumi",
                "easymaker.io/kind": "training",
                "easymaker.io/name": "iris-sklearn",
            },
            "annotations": {"pulumi.com/skipAwait": "true"},
        },
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {
                "easymaker.io/kind": "training",
                "easymaker.io/name": "iris-sklearn",
            },
            "ports": [
                {"name": "tensorflow", "port": distributed.TENSORFLOW_PORT},
                {"name": "pytorch", "port": distributed.PYTORCH_PORT},
            ],
        },
    }
    job = training.training_job(spec, several, "launcher-x")
    for unfinished in (job, finished(job, "Suspended"), finished(job, status="False")):
        assert training.training_service(spec, item(spec), [unfinished]) == made
    alone = training.training_job(spec, item(spec), "launcher-x")
    for jobs in ([], [alone], [finished(job), finished(job, "Failed")]):
        assert training.training_service(spec, item(spec), jobs) is None


def test_earlier_job_stands_for_the_training_no_more(spec: resolved.Workspace) -> None:
    live = training.training_job(spec, item(spec, tags={"team": "vision"}), "launcher-x")
    kept = training.kept_job(live)
    annotations = dict(live["metadata"]["annotations"])
    for name in ("easymaker.io/spec", "easymaker.io/tags"):
        del annotations[name]
    assert kept == {**live, "metadata": {**live["metadata"], "annotations": annotations}}
    # Once more the current one, it says so again.
    assert (
        training.training_job(spec, item(spec, tags={"team": "vision"}), "launcher-y", kept) == live
    )


def on_nas(spec: resolved.Workspace) -> resolved.Training:
    def at(path: str) -> Address:
        found = parse_address(f"nas://data:{path}")
        assert found is not None
        return found

    return item(
        spec,
        code=at("/code"),
        input_data={"train": at("/d/iris")},
        checkpoint_input=at("/start"),
        output_data=at("/results"),
        checkpoint=at("/"),
        data_storage=None,
    )


def test_nas_is_mounted_as_narrow_as_it_is_used(spec: resolved.Workspace, tmp_path: Path) -> None:
    nas = HostPathNas(type="host_path", path="/srv/nas")
    secret = {"secret": "own"}
    storage = spec.platform.object_storage["objects.easymaker.localhost"].model_copy(
        update={"credentials": Credentials.model_validate(dict.fromkeys(KEYS, secret))}
    )
    platform = replace(
        spec.platform,
        nas={"data": nas},
        object_storage={"objects.easymaker.localhost": storage},
    )
    made = training.training_job(replace(spec, platform=platform), on_nas(spec), "launcher-x")
    pod = made["spec"]["template"]["spec"]
    run = f"iris-sklearn-{item(spec).revision}"
    mounts = pod["containers"][0]["volumeMounts"]
    home = "/opt/easymaker/nas"
    assert [mount for mount in mounts if mount["name"] == "nas-data"] == [
        {"name": "nas-data", "mountPath": f"{home}/{path}", "subPath": folder, **more}
        for path, folder, more in (
            ("code", "code", {"readOnly": True}),
            ("datasets/train", "d/iris", {"readOnly": True}),
            ("checkpoint-input", "start", {"readOnly": True}),
            ("output", f"results/{run}", {}),
            ("checkpoint", run, {}),
        )
    ]
    claim = {"name": "nas-data", "persistentVolumeClaim": {"claimName": "nas-data"}}
    assert [volume for volume in pod["volumes"] if volume["name"] == "nas-data"] == [claim]
    # Event files go to the platform's storage; without its keys the training runs all the same.
    assert {v["valueFrom"]["secretKeyRef"]["optional"] for v in pod["containers"][0]["env"]} == {
        True
    }
    read = document(replace(spec, platform=platform), on_nas(spec), tmp_path)
    assert read.output == launcher_job.Place(
        f"nas://data:/results/{run}", "NAS", f"{home}/output", is_mounted=True
    )
    assert read.checkpoint is not None
    assert (read.checkpoint.address, read.checkpoint.path) == (
        f"nas://data:/{run}",
        f"{home}/checkpoint",
    )
    assert read.datasets["train"].path == f"{home}/datasets/train"
    assert read.stores["NAS"] == {"type": "local"}
    assert read.data_storage is None


def test_each_credential_comes_from_where_it_is_named(spec: resolved.Workspace) -> None:
    s3 = {
        "type": "s3",
        "endpoint": "https://a.test",
        "credentials": {
            "access_key": {"pulumi_config": "team:user"},
            "secret_key": {"secret": "existing", "key": "password"},
        },
    }
    swift = {
        "type": "swift",
        "endpoint": "https://b.test/v2.0",
        "tenant": "t1",
        "region": "KR1",
        "credentials": {"access_key": {"secret": "other"}, "secret_key": {"secret": "other"}},
    }
    storage: dict[str, S3Storage | SwiftStorage] = {
        "a.test": S3Storage.model_validate(s3),
        "b.test": SwiftStorage.model_validate(swift),
    }
    platform = replace(spec.platform, object_storage=storage)
    addresses = [parse_address(f"obs://{host}/box/x") for host in ("b.test", "a.test", "b.test")]
    found = stores.stores(platform, [address for address in addresses if address])
    assert stores.environment(found) == [
        {
            "name": f"RCLONE_CONFIG_{name}",
            "valueFrom": {"secretKeyRef": {"name": secret, "key": key}},
        }
        for name, secret, key in (
            ("S0_ACCESS_KEY_ID", "platform-credentials", "team.user"),
            ("S0_SECRET_ACCESS_KEY", "existing", "password"),
            ("S1_USER", "other", "access_key"),
            ("S1_KEY", "other", "secret_key"),
        )
    ]
    assert found["b.test"].settings == {
        "type": "swift",
        "auth": "https://b.test/v2.0",
        "tenant_id": "t1",
        "region": "KR1",
        "use_segments_container": "false",
    }
    assert stores.config_keys(platform) == ["team:user"]
