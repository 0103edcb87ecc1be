"""What a workload finds in the local cluster."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cluster import IMAGES, LocalCluster, pod, pod_spec, service

pytestmark = pytest.mark.e2e


def test_a_claim_of_a_stateful_set_survives_scaling_to_zero(
    cluster: LocalCluster, space: str
) -> None:
    code = "open('/data/starts', 'a').write('x'); import signal; signal.pause()"
    template = pod_spec(
        ["python3", "-c", code],
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        # Any user must be able to write a volume of the default class.
        securityContext={"runAsUser": 1234, "runAsGroup": 1234},
    )
    del template["restartPolicy"]
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    cluster.apply(
        service(space, "store", 80, clusterIP="None"),
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "store", "namespace": space},
            "spec": {
                "serviceName": "store",
                "selector": {"matchLabels": {"app": "store"}},
                "template": {"metadata": {"labels": {"app": "store"}}, "spec": template},
                "volumeClaimTemplates": [claim],
            },
        },
    )
    for starts in ("x", "xx"):
        cluster.kubectl("-n", space, "scale", "statefulset/store", "--replicas=1")
        cluster.kubectl("-n", space, "rollout", "status", "statefulset/store", "--timeout=60s")
        counted = "until [ -s /data/starts ]; do :; done; cat /data/starts"
        found = cluster.kubectl("-n", space, "exec", "store-0", "--", "sh", "-c", counted)
        assert found == starts
        cluster.kubectl("-n", space, "scale", "statefulset/store", "--replicas=0")
        cluster.wait("-n", space, "pod/store-0", "--for=delete")


def test_an_ephemeral_volume_lives_as_long_as_its_pod(cluster: LocalCluster, space: str) -> None:
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "standard",
        "resources": {"requests": {"storage": "10Gi"}},
    }
    volume = {"name": "boot", "ephemeral": {"volumeClaimTemplate": {"spec": claim}}}
    mount = {"volumeMounts": [{"name": "boot", "mountPath": "/boot-volume"}]}
    code = "import os; print(os.listdir('/boot-volume')); open('/boot-volume/mark', 'w')"
    for _ in range(2):
        found = cluster.run_python(space, "starter", code, volumes=[volume], container=mount)
        assert found == "[]\n"
        volumes = cluster.get("-n", space, "pvc", "starter-boot")["spec"]["volumeName"]
        cluster.kubectl("-n", space, "delete", "pod", "starter")
        cluster.wait(f"pv/{volumes}", "--for=delete")
    assert not list((cluster.folder / "volumes").glob(f"*{space}*"))


def rclone_environment(cluster: LocalCluster) -> dict[str, str]:
    storage = cluster.storage
    return {
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_S_TYPE": "s3",
        "RCLONE_CONFIG_S_PROVIDER": "Other",
        "RCLONE_CONFIG_S_ENDPOINT": storage.endpoint,
        "RCLONE_CONFIG_S_ACCESS_KEY_ID": storage.access_key,
        "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": storage.secret_key,
    }


def test_objects_go_from_host_to_pod_and_back(
    cluster: LocalCluster, space: str, tmp_path: Path
) -> None:
    environment = rclone_environment(cluster)

    def rclone(*arguments: str, stdin: bytes = b"") -> bytes:
        program = Path(sys.executable).with_name("rclone")
        return subprocess.run(
            [program, *arguments],
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            check=True,
        ).stdout

    payload = os.urandom(2_000_000)
    rclone("mkdir", f"s:{space}")
    rclone("rcat", f"s:{space}/there", stdin=payload)
    script = f"rclone copyto s:{space}/there /tmp/o && rclone copyto /tmp/o s:{space}/back"
    caller = pod(
        space,
        "caller",
        ["sh", "-c", script],
        container={
            "image": IMAGES["tools"],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
        },
    )
    cluster.apply(caller)
    cluster.wait("-n", space, "pod/caller", "--for=jsonpath={.status.phase}=Succeeded")
    assert rclone("cat", f"s:{space}/back") == payload


def test_buckets_are_many(cluster: LocalCluster, tmp_path: Path) -> None:
    """Their number must not follow from the disk's free space."""
    for index in range(40):
        bucket = tmp_path / f"many-{index}"
        bucket.mkdir()
        (bucket / "object").write_text(str(index))
    done = subprocess.run(
        [Path(sys.executable).with_name("rclone"), "copy", tmp_path, "s:"],
        env={**os.environ, **rclone_environment(cluster)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_wrong_keys_are_refused_by_the_object_storage(cluster: LocalCluster) -> None:
    program = Path(sys.executable).with_name("rclone")
    wrong = {**rclone_environment(cluster), "RCLONE_CONFIG_S_SECRET_ACCESS_KEY": "wrong"}
    done = subprocess.run(
        [program, "lsd", "s:", "--retries=1", "--low-level-retries=1"],
        env={**os.environ, **wrong},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "403" in done.stderr


def test_logs_and_exec_work(cluster: LocalCluster, space: str) -> None:
    cluster.apply(pod(space, "talker", ["sh", "-c", "echo said; exec sleep 600"]))
    cluster.wait("-n", space, "pod/talker", "--for=condition=Ready")
    assert cluster.kubectl("-n", space, "logs", "talker") == "said\n"
    echoed = cluster.kubectl("-n", space, "exec", "-i", "talker", "--", "cat", stdin="through\n")
    assert echoed == "through\n"


def test_the_nas_folder_is_the_same_in_pods_and_on_the_host(
    cluster: LocalCluster, space: str
) -> None:
    (cluster.folder / "nas" / "from-host").write_text("hello")
    code = "print(open('/nas/from-host').read()); open('/nas/from-pod', 'w').write('back')"
    volume = {"name": "nas", "hostPath": {"path": "/run/easymaker/nas"}}
    mount = {"volumeMounts": [{"name": "nas", "mountPath": "/nas"}]}
    text = cluster.run_python(space, "caller", code, volumes=[volume], container=mount)
    assert text == "hello\n"
    assert (cluster.folder / "nas" / "from-pod").read_text() == "back"


def test_simulated_gpus_schedule_and_are_called_simulated(
    cluster: LocalCluster, space: str
) -> None:
    changed = cluster.emctl("up", "--simulate-gpus=2")
    assert changed.returncode == 0, changed.stderr
    assert "2, simulated" in changed.stdout
    assert json.loads(cluster.emctl("status", "--json").stdout)["simulated_gpus"] == 2
    want = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
    assert cluster.run_python(space, "gpu", "print('ran')", container=want) == "ran\n"
    cluster.apply(
        pod(space, "more", ["true"], container={"resources": {"limits": {"nvidia.com/gpu": "3"}}})
    )
    unschedulable = "jsonpath={.status.conditions[?(@.type=='PodScheduled')].reason}=Unschedulable"
    cluster.wait("-n", space, "pod/more", f"--for={unschedulable}")


def test_images_are_never_collected_and_need_no_pull(cluster: LocalCluster) -> None:
    backend = cluster.backend
    node = cluster.get("node", "local")
    assert backend.images().has(IMAGES["python"])
    # The same by the API: the kubelet reports what the node holds.
    names = {name for image in node["status"]["images"] for name in image.get("names", [])}
    assert IMAGES["tools"] in names
    config = cluster.kubectl("get", "--raw", "/api/v1/nodes/local/proxy/configz")
    kubelet = json.loads(config)["kubeletconfig"]
    assert kubelet["imageGCHighThresholdPercent"] == 100
    assert not kubelet.get("evictionHard")
