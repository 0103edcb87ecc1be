"""What a cluster keeps, and how it is kept."""

import json
from pathlib import Path

from schemas import load_any
from schemas.resolved_cluster import Cluster
from tests.support.account import KEY, NUMBER
from tests.support.recorder import Graph
from tools.images import catalogue, lock

BUCKET = "aws:s3/bucket:Bucket"


def test_bucket_is_private_encrypted_and_versioned(made: Graph) -> None:
    bucket = made.named(BUCKET, "data")
    assert bucket.inputs == {"bucket": f"dev-data-{NUMBER}", "forceDestroy": False}
    parts = {
        node.type.rpartition(":")[2]: node.inputs
        for node in made.nodes.values()
        if node.type.startswith("aws:s3/") and node.name == "data" and node is not bucket
    }
    policy = json.loads(parts["BucketPolicy"].pop("policy"))
    assert policy["Statement"][0]["Resource"] == ["arn:data", "arn:data/*"]
    assert all(inputs.pop("bucket") == f"dev-data-{NUMBER}" for inputs in parts.values())
    assert parts == {
        "BucketPolicy": {},
        "BucketOwnershipControls": {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        "BucketPublicAccessBlock": {
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        "BucketServerSideEncryptionConfiguration": {
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": KEY,
                    },
                    "bucketKeyEnabled": True,
                }
            ]
        },
        "BucketVersioning": {"versioningConfiguration": {"status": "Enabled"}},
        "BucketLifecycleConfiguration": {
            "rules": [
                {
                    "id": "uploads",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                },
                {
                    "id": "versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30},
                },
            ]
        },
    }


def test_bucket_for_what_may_go_is_not_held(made: Graph) -> None:
    bucket = made.named(BUCKET, "scratch")
    assert bucket.inputs["forceDestroy"] is True
    assert not bucket.protect
    status = made.named("aws:s3/bucketVersioning:BucketVersioning", "scratch").inputs
    assert status["versioningConfiguration"] == {"status": "Suspended"}


def test_file_system_answers_nodes_in_every_zone_and_nobody_else(made: Graph) -> None:
    files = made.one("aws:efs/fileSystem:FileSystem")
    assert files.inputs == {
        "encrypted": True,
        "kmsKeyId": KEY,
        "throughputMode": "elastic",
        "tags": {"Name": "dev-models"},
    }
    assert files.protect
    targets = made.all("aws:efs/mountTarget:MountTarget")
    assert sorted((node.inputs for node in targets), key=lambda inputs: inputs["subnetId"]) == [
        {
            "fileSystemId": "models-id",
            "subnetId": f"dev-private-ap-northeast-2{letter}-id",
            "securityGroups": ["dev-nfs-id"],
        }
        for letter in "ac"
    ]
    rule = made.named("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "dev-nfs")
    assert rule.inputs == {
        "securityGroupId": "dev-nfs-id",
        "referencedSecurityGroupId": "sg-cluster",
        "ipProtocol": "tcp",
        "fromPort": 2049,
        "toPort": 2049,
        "description": "Nodes and pods",
    }


def test_pods_write_to_a_file_system_whoever_they_are(made: Graph) -> None:
    door = made.one("aws:efs/accessPoint:AccessPoint")
    assert door.inputs == {
        "fileSystemId": "models-id",
        "posixUser": {"uid": 1000, "gid": 1000},
        "rootDirectory": {
            "path": "/nas",
            "creationInfo": {"ownerUid": 1000, "ownerGid": 1000, "permissions": "0770"},
        },
        "tags": {"Name": "dev-models"},
    }
    assert not door.protect


def test_tags_of_images_never_move(made: Graph) -> None:
    repository = made.one("aws:ecr/repository:Repository")
    assert repository.inputs == {
        "name": "dev/tools",
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
    }
    policy = made.one("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert (policy.inputs["repository"], policy.deleted_with) == ("dev/tools", repository.urn)


def test_example_has_a_repository_for_each_image_that_is_pushed() -> None:
    """ECR makes none for a push."""
    example = load_any(Path(__file__).parents[3] / "stacks" / "aws-cluster.yaml")
    assert isinstance(example, Cluster)
    assert set(example.repositories) == set(lock.published(catalogue.refs()))


def test_logs_are_encrypted_and_end(made: Graph) -> None:
    for use in ("pods", "api"):
        group = made.named("aws:cloudwatch/logGroup:LogGroup", f"dev-{use}").inputs
        assert (group["retentionInDays"], group["kmsKeyId"]) == (30, KEY)
