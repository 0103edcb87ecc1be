"""Buckets, file systems and repositories of images."""

from typing import Any

from tests.support.aws.provider.row import Call, Row, Tags, Update

_BUCKET = {"Bucket": "{bucket}"}
_REPOSITORY = {"repositoryName": "{id}"}
_FILES = Tags(
    Call("tag_resource", {"ResourceId": "{id}", "Tags": "{put|list}"}, "efs"),
    Call("untag_resource", {"ResourceId": "{id}", "TagKeys": "{removed}"}, "efs"),
)


def _of_bucket(
    token: str, put: str, get: str, delete: str, body: dict[str, Any], outputs: dict[str, str]
) -> Row:
    """One of the settings of a bucket, which the provider has as a resource."""
    given = Call(f"put_{put}", {**_BUCKET, **body})
    changed = [name for name in outputs if name != "bucket"]
    return Row(
        token=f"aws:s3/{token[0].lower()}{token[1:]}:{token}",
        service="s3",
        create=given,
        id="{bucket}",
        keys=("bucket",),
        read=Call(f"get_{get}", _BUCKET),
        outputs={"bucket": "{bucket}", **outputs},
        updates=(Update(changed, [given]),),
        delete=Call(delete, _BUCKET) if delete else None,
    )


_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

ROWS = (
    Row(
        token="aws:s3/bucket:Bucket",
        service="s3",
        create=Call(
            "create_bucket",
            {
                "Bucket": "{bucket}",
                "CreateBucketConfiguration": {"LocationConstraint": "{region|elsewhere}"},
            },
        ),
        id="{bucket}",
        keys=("bucket",),
        also=(
            Call(
                "put_bucket_tagging",
                {"Bucket": "{bucket}", "Tagging": {"TagSet": "{tagsAll|list}"}},
                when="tagsAll",
            ),
        ),
        read=Call("head_bucket", {"Bucket": "{id}"}),
        found="ResponseMetadata",
        outputs={
            "bucket": "{id}",
            "arn": "arn:aws:s3:::{id}",
            "bucketDomainName": "{id}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{id}.s3.{region}.amazonaws.com",
        },
        before_delete=(Call("empty", {"Bucket": "{id}"}, when="forceDestroy"),),
        delete=Call("delete_bucket", {"Bucket": "{id}"}),
        tags=Tags(
            Call(
                "put_bucket_tagging",
                {"Bucket": "{bucket}", "Tagging": {"TagSet": "{tagsAll|list}"}},
            ),
            Call(
                "put_bucket_tagging",
                {"Bucket": "{bucket}", "Tagging": {"TagSet": "{tagsAll|list}"}},
            ),
        ),
        named="bucket",
        longest=63,
        own=("forceDestroy",),
    ),
    _of_bucket(
        "BucketVersioning",
        "bucket_versioning",
        "bucket_versioning",
        "",
        {"VersioningConfiguration": "{versioningConfiguration|pascal}"},
        {"versioningConfiguration": "|camel"},
    ),
    _of_bucket(
        "BucketPublicAccessBlock",
        "public_access_block",
        "public_access_block",
        "delete_public_access_block",
        {"PublicAccessBlockConfiguration": {f"{n[0].upper()}{n[1:]}": f"{{{n}}}" for n in _BLOCKS}},
        {n: f"PublicAccessBlockConfiguration.{n[0].upper()}{n[1:]}" for n in _BLOCKS},
    ),
    _of_bucket(
        "BucketServerSideEncryptionConfiguration",
        "bucket_encryption",
        "bucket_encryption",
        "delete_bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": "{rules|pascal}"}},
        {"rules": "ServerSideEncryptionConfiguration.Rules|encryption"},
    ),
    _of_bucket(
        "BucketPolicy",
        "bucket_policy",
        "bucket_policy",
        "delete_bucket_policy",
        {"Policy": "{policy}"},
        {"policy": "Policy|document"},
    ),
    _of_bucket(
        "BucketOwnershipControls",
        "bucket_ownership_controls",
        "bucket_ownership_controls",
        "delete_bucket_ownership_controls",
        {"OwnershipControls": {"Rules": ["{rule|pascal}"]}},
        {"rule": "OwnershipControls.Rules.0|camel"},
    ),
    _of_bucket(
        "BucketLifecycleConfiguration",
        "bucket_lifecycle_configuration",
        "bucket_lifecycle_configuration",
        "delete_bucket_lifecycle",
        {"LifecycleConfiguration": {"Rules": "{rules|rules}"}},
        {"rules": "Rules|rules"},
    ),
    Row(
        token="aws:efs/fileSystem:FileSystem",
        service="efs",
        create=Call(
            "create_file_system",
            {
                "CreationToken": "{creationToken}",
                "Encrypted": "{encrypted}",
                "KmsKeyId": "{kmsKeyId}",
                "PerformanceMode": "{performanceMode}",
                "ThroughputMode": "{throughputMode}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="FileSystemId",
        also=(
            Call(
                "put_lifecycle_configuration",
                {"FileSystemId": "{id}", "LifecyclePolicies": "{lifecyclePolicies|pascal}"},
                when="lifecyclePolicies",
            ),
        ),
        read=Call("describe_file_systems", {"FileSystemId": "{id}"}),
        found="FileSystems.0",
        ready={"LifeCycleState": "available"},
        outputs={
            "arn": "FileSystemArn",
            "throughputMode": "|throughput",
            "encrypted": "Encrypted",
            "creationToken": "CreationToken",
            "dnsName": "{id}.efs.{region}.amazonaws.com",
            "tagsAll": "Tags|own_list",
        },
        updates=(
            Update(
                ["throughputMode"],
                [
                    Call(
                        "update_file_system",
                        {"FileSystemId": "{id}", "ThroughputMode": "{throughputMode}"},
                    )
                ],
            ),
        ),
        delete=Call("delete_file_system", {"FileSystemId": "{id}"}),
        tags=_FILES,
        named="creationToken",
        longest=64,
    ),
    Row(
        token="aws:efs/mountTarget:MountTarget",
        service="efs",
        create=Call(
            "create_mount_target",
            {
                "FileSystemId": "{fileSystemId}",
                "SubnetId": "{subnetId}",
                "SecurityGroups": "{securityGroups}",
            },
        ),
        id="MountTargetId",
        read=Call("describe_mount_targets", {"MountTargetId": "{id}"}),
        found="MountTargets.0",
        ready={"LifeCycleState": "available"},
        outputs={"fileSystemId": "FileSystemId", "subnetId": "SubnetId", "ipAddress": "IpAddress"},
        updates=(
            Update(
                ["securityGroups"],
                [
                    Call(
                        "modify_mount_target_security_groups",
                        {"MountTargetId": "{id}", "SecurityGroups": "{securityGroups}"},
                    )
                ],
            ),
        ),
        delete=Call("delete_mount_target", {"MountTargetId": "{id}"}),
    ),
    Row(
        token="aws:efs/accessPoint:AccessPoint",
        service="efs",
        create=Call(
            "create_access_point",
            {
                "FileSystemId": "{fileSystemId}",
                "PosixUser": "{posixUser|pascal}",
                "RootDirectory": "{rootDirectory|pascal}",
                "Tags": "{tagsAll|list}",
            },
        ),
        id="AccessPointId",
        read=Call("describe_access_points", {"AccessPointId": "{id}"}),
        found="AccessPoints.0",
        ready={"LifeCycleState": "available"},
        outputs={
            "arn": "AccessPointArn",
            "fileSystemId": "FileSystemId",
            "tagsAll": "Tags|list",
        },
        delete=Call("delete_access_point", {"AccessPointId": "{id}"}),
        tags=_FILES,
    ),
    Row(
        token="aws:ecr/repository:Repository",
        service="ecr",
        create=Call(
            "create_repository",
            {
                "repositoryName": "{name}",
                "imageTagMutability": "{imageTagMutability}",
                "imageScanningConfiguration": "{imageScanningConfiguration}",
                "encryptionConfiguration": "{encryptionConfigurations|first}",
                "tags": "{tagsAll|list}",
            },
        ),
        id="{name}",
        keys=("name",),
        read=Call("describe_repositories", {"repositoryNames": ["{id}"]}),
        found="repositories.0",
        outputs={
            "name": "repositoryName",
            "arn": "repositoryArn",
            "registryId": "registryId",
            "repositoryUrl": "repositoryUri",
            "imageTagMutability": "imageTagMutability",
            "imageScanningConfiguration": "imageScanningConfiguration",
        },
        updates=(
            Update(
                ["imageTagMutability"],
                [
                    Call(
                        "put_image_tag_mutability",
                        {**_REPOSITORY, "imageTagMutability": "{imageTagMutability}"},
                    )
                ],
            ),
        ),
        delete=Call("delete_repository", {**_REPOSITORY, "force": "{forceDelete}"}),
        tags=Tags(
            Call("tag_resource", {"resourceArn": "{arn}", "tags": "{put|list}"}),
            Call("untag_resource", {"resourceArn": "{arn}", "tagKeys": "{removed}"}),
        ),
        named="name",
        own=("forceDelete",),
    ),
    Row(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        service="ecr",
        create=Call(
            "put_lifecycle_policy",
            {"repositoryName": "{repository}", "lifecyclePolicyText": "{policy}"},
        ),
        id="{repository}",
        keys=("repository",),
        read=Call("get_lifecycle_policy", {"repositoryName": "{id}"}),
        outputs={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        updates=(
            Update(
                ["policy"],
                [
                    Call(
                        "put_lifecycle_policy",
                        {"repositoryName": "{repository}", "lifecyclePolicyText": "{policy}"},
                    )
                ],
            ),
        ),
        delete=Call("delete_lifecycle_policy", {"repositoryName": "{id}"}),
    ),
)
