"""What roles of a workspace's pods may do: the documents, and simulated calls."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.manifests import places
from components.manifests.aws import access
from components.manifests.aws.trust import Document
from components.manifests.served import Served
from schemas import resolved
from schemas.address import parse_address
from schemas.logs import CloudWatch
from tests.support import cluster_stack
from tests.support.iam import allowed

RESULTS = "dev-results-123456789012"
KEY = {
    "Effect": "Allow",
    "Resource": "arn:aws:kms:ap-northeast-2:123456789012:key/k",
    "Condition": {"StringEquals": {"kms:ViaService": "s3.ap-northeast-2.amazonaws.com"}},
    "Sid": "Key",
}


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    folder = tmp_path_factory.mktemp("spec")
    training = """    output_data: obs://objects.ml.test/results
"""
    more = """    output_data: obs://objects.ml.test/results/lab
    input_data: {train: "s3://data/iris*/v$1", shared: "nas://shared:/iris"}
    checkpoint: obs://objects.ml.test/checkpoints
    checkpoint_input: s3://data/start
"""
    return cluster_stack.workspace(folder, (training, more))


def policies(spec: resolved.Workspace, *served: Served) -> dict[str, Document]:
    return access.policies(spec, served)


def statement(document: Document, sid: str) -> Any:
    (found,) = (s for s in document["Statement"] if s["Sid"] == sid)
    return found


class Role:
    """A role that calls S3, as the SDK does."""

    def __init__(self, policy: Document) -> None:
        self._policy = policy

    def reads(self, bucket: str, key: str) -> bool:
        return allowed(self._policy, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}")

    def writes(self, bucket: str, key: str) -> bool:
        calls = ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")
        found = {allowed(self._policy, call, f"arn:aws:s3:::{bucket}/{key}") for call in calls}
        assert len(found) == 1
        return found.pop()

    def lists(self, bucket: str, prefix: str | None) -> bool:
        context = {} if prefix is None else {"s3:prefix": prefix}
        return allowed(self._policy, "s3:ListBucket", f"arn:aws:s3:::{bucket}", context)


def test_policy_of_serving_in_full(spec: resolved.Workspace) -> None:
    assert policies(spec)["serving"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Read",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    f"arn:aws:s3:::{RESULTS}/lab/fit-??????????/completion.json",
                    f"arn:aws:s3:::{RESULTS}/lab/fit-??????????/model/*",
                ],
            },
            {
                "Sid": "List0",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{RESULTS}",
                "Condition": {
                    "StringLike": {
                        "s3:prefix": ["lab/fit-??????????/", "lab/fit-??????????/model/*"]
                    }
                },
            },
            {**KEY, "Action": ["kms:Decrypt"]},
        ],
    }


def test_training_reads_and_writes_what_the_spec_names(spec: resolved.Workspace) -> None:
    role = Role(policies(spec)["training"])
    run = places.run_name(spec.trainings["fit"])
    for bucket, folder in (
        ("code", "fit"),
        ("dev-data-123456789012", "iris*/v$1"),
        ("dev-data-123456789012", "start"),
    ):
        assert role.reads(bucket, f"{folder}/a/b")
        assert role.reads(bucket, folder)
        assert role.lists(bucket, f"{folder}/")
        assert not role.writes(bucket, f"{folder}/a")
    revision = spec.trainings["fit"].revision
    for bucket, folder in (
        (RESULTS, f"lab/{run}"),
        ("checkpoints", run),
        ("system", f"lab/tensorboard/iris/{run}"),
        ("system", f"lab/logs/fit/{revision}"),
    ):
        assert role.reads(bucket, f"{folder}/a")
        assert role.writes(bucket, f"{folder}/a/b")
        assert role.lists(bucket, f"{folder}/")


@pytest.mark.parametrize("use", ["training", "serving", "logs"])
def test_nothing_of_another_workspace(spec: resolved.Workspace, use: str) -> None:
    other = Role(policies(spec)[use])
    for bucket, key in (
        (RESULTS, "other/fit-868f50d660/model/weights"),  # the same bucket, another's folder
        (RESULTS, "lab/fitter-868f50d660/model/weights"),  # a longer name
        (RESULTS, "lab/fit-868f50d66/model/weights"),
        ("system", "other/logs/fit/868f50d660/0/log"),
        ("system", "other/tensorboard/iris/fit-868f50d660/events"),
        ("checkpoints", "other-868f50d660/1/manifest"),
        ("code", "fitting/train.py"),
        ("dev-data-123456789012", "iris2/v$1/a"),  # the star is one of the name
        ("dev-data-123456789012", "starter/a"),
        ("results", "lab/fit-868f50d660/model/weights"),  # somebody's bucket, called so
    ):
        assert not other.reads(bucket, key)
        assert not other.writes(bucket, key)
        assert not other.lists(bucket, key.rpartition("/")[0] + "/")
    for bucket in (RESULTS, "system", "checkpoints", "code", "dev-data-123456789012"):
        assert not other.lists(bucket, "")
        assert not other.lists(bucket, None)


def test_serving_and_reading_logs_write_nothing(spec: resolved.Workspace) -> None:
    found = policies(spec)
    run = places.run_name(spec.trainings["fit"])
    serving, logs = Role(found["serving"]), Role(found["logs"])
    assert serving.reads(RESULTS, f"lab/{run}/model/a")
    assert serving.reads(RESULTS, f"lab/{run}/completion.json")
    assert not serving.reads(RESULTS, f"lab/{run}/other")
    assert not serving.reads("dev-data-123456789012", "iris*/v$1/a")
    assert logs.reads("system", "lab/logs/gone/868f50d660/0/1/log")
    assert logs.lists("system", "lab/logs/")
    assert not logs.reads(RESULTS, f"lab/{run}/model/a")
    for role in (serving, logs):
        assert not role.writes(RESULTS, f"lab/{run}/model/a")
        assert not role.writes("system", "lab/logs/fit/868f50d660/0/log")


def test_key_of_the_bucket_through_s3_alone(spec: resolved.Workspace) -> None:
    found = policies(spec)
    assert statement(found["training"], "Key")["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    key = KEY["Resource"]
    via = {"kms:ViaService": "s3.ap-northeast-2.amazonaws.com"}
    assert allowed(found["serving"], "kms:Decrypt", str(key), via)
    assert not allowed(found["serving"], "kms:GenerateDataKey", str(key), via)
    assert not allowed(found["training"], "kms:Decrypt", str(key))


def test_what_a_stage_serves_is_read_wherever_it_lies(spec: resolved.Workspace) -> None:
    address = parse_address("obs://objects.ml.test/old/place/fit-0123456789/model")
    assert address is not None
    served = Served(address, "0123456789", "fitted", "fitted", "sklearn", "1.9", training="fit")
    role = Role(policies(spec, served)["serving"])
    assert role.reads("old", "place/fit-0123456789/model/a")
    assert role.reads("old", "place/fit-0123456789/completion.json")
    assert not role.reads("old", "place/fit-9876543210/model/a")


def test_stores_with_keys_need_no_role(tmp_path: Path) -> None:
    keys = (
        "      type: s3\n",
        """      type: s3
      endpoint: http://objects.ml.test:8088
      credentials:
        access_key: {pulumi_config: s3AccessKey}
        secret_key: {pulumi_config: s3SecretKey}
""",
    )
    assert access.grants(cluster_stack.workspace(tmp_path, keys), []) == {}


def test_folder_says_all_that_is_in_it(spec: resolved.Workspace) -> None:
    grant = access.Grant(
        read=frozenset({("a", "x/*"), ("a", "x/y/*"), ("a", "x/y"), ("a", "x"), ("b", "x/y")})
    )
    document = access.policy(spec.platform, grant)
    assert statement(document, "Read")["Resource"] == [
        "arn:aws:s3:::a/x",
        "arn:aws:s3:::a/x/*",
        "arn:aws:s3:::b/x/y",
    ]


def test_without_a_key_of_its_own(spec: resolved.Workspace) -> None:
    outputs = replace(spec.platform.outputs, key_arn="")
    platform = replace(spec.platform, cluster=outputs)
    grant = access.grants(spec, [])["logs"]
    sids = [s["Sid"] for s in access.policy(platform, grant)["Statement"]]
    assert sids == ["Read", "List0"]
    assert json.dumps(access.policy(platform, grant))


def test_what_aws_does_not_take_is_one_sentence(
    spec: resolved.Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "LONGEST", 1200)
    with pytest.raises(access.NoPolicy, match="pods for training would need a policy of"):
        access.policies(spec, [])


def test_letters_that_no_policy_has_are_said(tmp_path: Path) -> None:
    code = ("ml.test/code/fit", "ml.test/code/데이터")
    with pytest.raises(access.NoPolicy, match="for training would need a policy with 데이터, and"):
        access.policies(cluster_stack.workspace(tmp_path, code), [])
    umlaut = ("ml.test/code/fit", "ml.test/code/Tür")
    assert access.policies(cluster_stack.workspace(tmp_path, umlaut), [])


def with_logs(spec: resolved.Workspace, **given: Any) -> resolved.Workspace:
    sink = CloudWatch.model_validate({"type": "cloudwatch", "region": "us-east-1", **given})
    return replace(spec, platform=replace(spec.platform, logs=sink))


def test_the_log_collector_writes_to_its_group_alone(spec: resolved.Workspace) -> None:
    sending = with_logs(spec, log_group="/team/vision")
    role = policies(sending)["collector"]
    of = "arn:aws:logs:us-east-1:123456789012:log-group"
    for call in ("CreateLogGroup", "CreateLogStream", "PutLogEvents"):
        assert allowed(role, f"logs:{call}", f"{of}:/team/vision:log-stream:easymaker-a")
        for group in ("/team/visions", "/team", "easymaker", "/easymaker/dev/pods"):
            assert not allowed(role, f"logs:{call}", f"{of}:{group}:log-stream:easymaker-a")
    for call in ("GetLogEvents", "FilterLogEvents", "DeleteLogGroup", "PutRetentionPolicy"):
        assert not allowed(role, f"logs:{call}", f"{of}:/team/vision:log-stream:easymaker-a")
    assert access.account(sending, "collector") == ("logs-lab", "fluent-bit")


def test_a_log_group_that_looks_like_a_pattern_is_one_name(spec: resolved.Workspace) -> None:
    role = policies(with_logs(spec, log_group="team*"))["collector"]
    of = "arn:aws:logs:us-east-1:123456789012:log-group"
    assert allowed(role, "logs:PutLogEvents", f"{of}:team*:log-stream:a")
    assert not allowed(role, "logs:PutLogEvents", f"{of}:teams:log-stream:a")


def test_a_log_collector_with_keys_has_no_role(spec: resolved.Workspace) -> None:
    keys = {"access_key": {"secret": "sink"}, "secret_key": {"secret": "sink"}}
    assert "collector" not in policies(with_logs(spec, credentials=keys))
    assert "collector" not in policies(spec)
