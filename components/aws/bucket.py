"""The component of an S3 bucket."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.manifests.aws import policies
from components.manifests.aws.names import bucket_name
from schemas import resolved_cluster
from schemas.text import to_json

_UPLOAD_DAYS = 7
_OLD_VERSION_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class BucketArgs:
    """`account` is part of its name, for names are everybody's."""

    spec: resolved_cluster.Bucket
    cluster: str
    account: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class Bucket(pulumi.ComponentResource):
    """A private bucket, encrypted with the cluster's key, that only encrypted connections reach.

    What is in it outlives a spec that forgets it: until `force_destroy` was applied, Pulumi refuses
    to remove the bucket, and S3 too while there is something in it.

    Output: `bucket`, its name.
    """

    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"versioning": spec.versioning, "force_destroy": spec.force_destroy}
        super().__init__("easymaker:cluster:Bucket", name, dict(props), opts)
        made = s3.Bucket(
            name,
            bucket=pulumi.Output.from_input(args.account).apply(
                lambda number: bucket_name(args.cluster, spec.name, number)
            ),
            force_destroy=spec.force_destroy,
            opts=pulumi.ResourceOptions(parent=self, protect=not spec.force_destroy),
        )
        self.bucket = made.bucket
        # Settings of a bucket go with it.
        own = pulumi.ResourceOptions(parent=self, deleted_with=made)
        s3.BucketOwnershipControls(
            name,
            bucket=made.bucket,
            rule=s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=own,
        )
        closed = s3.BucketPublicAccessBlock(
            name,
            bucket=made.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=own,
        )
        encryption = (
            s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                sse_algorithm="aws:kms", kms_master_key_id=args.key_arn
            )
        )
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=made.bucket,
            rules=[
                s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=encryption,
                    # One call of the key's for many objects.
                    bucket_key_enabled=True,
                )
            ],
            opts=own,
        )
        versioning = s3.BucketVersioning(
            name,
            bucket=made.bucket,
            versioning_configuration=s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled" if spec.versioning else "Suspended"
            ),
            opts=own,
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=made.bucket,
            rules=_rules(),
            # It speaks of versions, and S3 wants to know of them first.
            opts=pulumi.ResourceOptions(parent=self, deleted_with=made, depends_on=[versioning]),
        )
        s3.BucketPolicy(
            name,
            bucket=made.bucket,
            policy=made.arn.apply(lambda arn: to_json(policies.bucket(arn))),
            # S3 takes one change of a bucket's policies at a time.
            opts=pulumi.ResourceOptions(parent=self, deleted_with=made, depends_on=[closed]),
        )
        self.register_outputs({"bucket": self.bucket})


def _rules() -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    """Uploads that broke off go, and versions that nobody missed."""
    everything = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    return [
        s3.BucketLifecycleConfigurationRuleArgs(
            id="uploads",
            status="Enabled",
            filter=everything,
            abort_incomplete_multipart_upload=s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=_UPLOAD_DAYS
            ),
        ),
        s3.BucketLifecycleConfigurationRuleArgs(
            id="versions",
            status="Enabled",
            filter=everything,
            noncurrent_version_expiration=s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                noncurrent_days=_OLD_VERSION_DAYS
            ),
        ),
    ]
