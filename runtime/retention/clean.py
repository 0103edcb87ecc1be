"""Deletes the pods of trainings that ended long ago. Their Jobs stay, as the record that they ran.

What a status reads of a pod goes into a ConfigMap first, by the name of its Job: without that the
pod stays. Runs in a pod of the workspace, by its Role `retention`; standard library only.

    python3 clean.py NAMESPACE SECONDS
"""

import datetime
import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Dict, List, Optional, Tuple

KEPT = "ended-pods"
JOB = "batch.kubernetes.io/job-name"
_INDEX = "batch.kubernetes.io/job-completion-index"
_TRAININGS = "easymaker.io/kind=training"
_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_MAIN = "main"
_WORDS = 400  # characters of a container's last words: one sentence is shown
_OF_CONDITION = ("type", "status", "reason", "message")
_LISTED = 500  # objects a request

Object = Dict[str, Any]


class Api:
    """The API server, as this pod's account."""

    def __init__(self, namespace: str) -> None:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self._server = "https://{}:{}".format("[{}]".format(host) if ":" in host else host, port)
        self._namespace = namespace
        self._context = ssl.create_default_context(cafile=_ACCOUNT + "/ca.crt")
        # Newer Pythons ask for what clusters' certificates needn't have, such as key identifiers.
        self._context.verify_flags &= ~ssl.VERIFY_X509_STRICT

    def of_trainings(self, group: str, plural: str) -> List[Object]:
        """All that belong to trainings."""
        found: List[Object] = []
        query = {"labelSelector": _TRAININGS, "limit": str(_LISTED)}
        while True:
            part = self.call("GET", group, "{}?{}".format(plural, urllib.parse.urlencode(query)))
            found += part["items"]
            query["continue"] = part["metadata"].get("continue", "")
            if not query["continue"]:
                return found

    def call(self, method: str, group: str, path: str, body: Optional[Object] = None) -> Object:
        """Raises urllib.error.HTTPError."""
        with open(_ACCOUNT + "/token", encoding="ascii") as file:
            token = file.read()
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        request = urllib.request.Request(  # noqa: S310 - https, above
            "{}/{}/namespaces/{}/{}".format(self._server, group, self._namespace, path),
            None if body is None else json.dumps(body).encode(),
            {"Authorization": "Bearer " + token, "Content-Type": kind},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30, context=self._context) as answer:  # noqa: S310
            found: Object = json.load(answer)
            return found


def clean(api: Api, seconds: int, now: datetime.datetime) -> int:
    """Delete what ended so long ago; how many there were."""
    jobs = api.of_trainings("apis/batch/v1", "jobs")
    over = {job["metadata"]["name"] for job in jobs if _is_over(job, now, seconds)}
    going: Dict[str, List[Object]] = {}
    for pod in api.of_trainings("api/v1", "pods"):
        job = pod["metadata"]["labels"].get(JOB, "")
        if job in over and pod["status"].get("phase") in ("Succeeded", "Failed"):
            going.setdefault(job, []).append(pod)
    kept = api.call("GET", "api/v1", "configmaps/" + KEPT).get("data") or {}
    names = {job["metadata"]["name"] for job in jobs}
    data: Dict[str, Optional[str]] = {name: None for name in kept if name not in names}
    for job, pods in going.items():
        if words := remembered(pods):
            data[job] = json.dumps(words, separators=(",", ":"))
    if data:
        api.call("PATCH", "api/v1", "configmaps/" + KEPT, {"data": data})
    for pods in going.values():
        for pod in pods:
            _delete(api, pod["metadata"])
    return sum(map(len, going.values()))


def remembered(pods: List[Object]) -> List[Object]:
    """Of one Job's pods what its status is made of.

    Of all with the same exit code the first that ended and the last are enough: one of them
    decided it. Those that ended well and had nothing to say are not.
    """
    by_code: Dict[int, List[Tuple[str, Object]]] = {}
    for pod in pods:
        end = _end(pod)
        if pod["status"].get("phase") == "Failed" or end.get("message"):
            ended = (str(end.get("finishedAt") or ""), cut(pod))
            by_code.setdefault(int(end.get("exitCode", -1)), []).append(ended)
    found: Dict[str, Object] = {}
    for ends in by_code.values():
        ends.sort(key=lambda item: item[0])
        for _, pod in (ends[0], ends[-1]):
            found[pod["metadata"]["name"]] = pod
    return list(found.values())


def cut(pod: Object) -> Object:
    """A pod with no more than a status reads of it."""
    metadata, status = pod["metadata"], pod["status"]
    index = metadata.get("annotations", {}).get(_INDEX)
    limits = [
        {
            "name": container["name"],
            "image": container.get("image", ""),
            "resources": {"limits": container.get("resources", {}).get("limits", {})},
        }
        for container in pod["spec"]["containers"]
    ]
    return {
        "metadata": {
            "name": metadata["name"],
            "uid": metadata["uid"],
            "creationTimestamp": metadata["creationTimestamp"],
            "labels": {JOB: metadata["labels"][JOB]},
            "annotations": {} if index is None else {_INDEX: index},
        },
        "spec": {"restartPolicy": pod["spec"].get("restartPolicy"), "containers": limits},
        "status": {
            "phase": status.get("phase"),
            **{key: status[key] for key in ("reason", "message") if key in status},
            "conditions": [
                {key: condition[key] for key in _OF_CONDITION if key in condition}
                for condition in status.get("conditions", [])
            ],
            **{
                part: [_cut_container(found) for found in status.get(part, [])]
                for part in ("initContainerStatuses", "containerStatuses")
            },
        },
    }


def _cut_container(found: Object) -> Object:
    state = {name: dict(of) for name, of in found["state"].items()}
    for of in state.values():
        of.pop("containerID", None)
        if of.get("message"):
            of["message"] = of["message"].strip()[-_WORDS:]
    return {
        "name": found["name"],
        "image": found.get("image", ""),
        "restartCount": found.get("restartCount", 0),
        "state": state,
    }


def _end(pod: Object) -> Object:
    for found in pod["status"].get("containerStatuses", []):
        if found["name"] == _MAIN:
            end: Object = found["state"].get("terminated") or {}
            return end
    return {}


def _is_over(job: Object, now: datetime.datetime, seconds: int) -> bool:
    for condition in job["status"].get("conditions", []):
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            text = condition["lastTransitionTime"].replace("Z", "+00:00")
            return (now - datetime.datetime.fromisoformat(text)).total_seconds() >= seconds
    return False


def _delete(api: Api, metadata: Object) -> None:
    try:
        body = {"preconditions": {"uid": metadata["uid"]}}
        api.call("DELETE", "api/v1", "pods/" + metadata["name"], body)
    except urllib.error.HTTPError as error:
        if error.code not in (404, 409):  # somebody else did, and another has its name
            raise


def main(namespace: str, seconds: str) -> int:
    """Exit code; what failed is the last line, which the status shows."""
    try:
        now = datetime.datetime.now(datetime.timezone.utc)
        print("deleted", clean(Api(namespace), int(seconds), now), "pods")
    except urllib.error.HTTPError as error:
        print(error, error.read().decode("utf-8", "replace")[:1000])
        return 1
    except OSError as error:
        print("the API server can't be reached:", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
