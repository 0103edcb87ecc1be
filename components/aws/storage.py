"""The component of what a cluster keeps: file systems, buckets, images, logs."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, ec2, ecr, efs, vpc

from components.aws.bucket import Bucket, BucketArgs
from components.manifests.aws.registry import lifecycle
from components.manifests.pods import RESTRICTED_USER
from schemas import resolved_cluster
from schemas.text import to_json

_NFS = 2049
LOG_GROUPS = {
    "pods": "/easymaker/{}/pods",
    # API Gateway may write to groups of such names; others need a policy each, and may have ten.
    "api": "/aws/vendedlogs/easymaker/{}/api",
}
"""By use; the name of the cluster stands in each."""


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """`security_group` is that of the nodes, which mount file systems in `subnets`,
    one a zone."""

    spec: resolved_cluster.Cluster
    account: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    vpc: pulumi.Input[str]
    subnets: Mapping[str, pulumi.Input[str]]
    security_group: pulumi.Input[str]


class Storage(pulumi.ComponentResource):
    """File systems and buckets with their data, repositories of images, groups of logs.

    Outputs, each by name: `file_systems` as volumes name them, names of `buckets`, URLs of
    `repositories`, names and ARNs of log groups.
    """

    file_systems: dict[str, pulumi.Output[str]]
    buckets: dict[str, pulumi.Output[str]]
    repositories: dict[str, pulumi.Output[str]]
    logs: dict[str, pulumi.Output[str]]
    log_arns: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("easymaker:cluster:Storage", name, {}, opts)
        spec = args.spec
        own = pulumi.ResourceOptions(parent=self)
        self._name = name
        self.file_systems = self._file_systems(args) if spec.file_systems else {}
        self.buckets = {
            key: Bucket(
                key,
                BucketArgs(
                    spec=item, cluster=spec.name, account=args.account, key_arn=args.key_arn
                ),
                own,
            ).bucket
            for key, item in spec.buckets.items()
        }
        self.repositories = {key: self._repository(key) for key in spec.repositories}
        groups = {
            use: cloudwatch.LogGroup(
                f"{name}-{use}",
                name=pattern.format(spec.name),
                retention_in_days=spec.log_retention,
                kms_key_id=args.key_arn,
                opts=own,
            )
            for use, pattern in LOG_GROUPS.items()
        }
        self.logs = {use: group.name for use, group in groups.items()}
        self.log_arns = {use: group.arn for use, group in groups.items()}
        self.register_outputs(
            {
                "file_systems": self.file_systems,
                "buckets": self.buckets,
                "repositories": self.repositories,
                "logs": self.logs,
            }
        )

    def _file_systems(self, args: StorageArgs) -> dict[str, pulumi.Output[str]]:
        name, own = f"{self._name}-nfs", pulumi.ResourceOptions(parent=self)
        group = ec2.SecurityGroup(
            name,
            description="File systems, for the nodes of the cluster",
            vpc_id=args.vpc,
            tags={"Name": name},
            opts=own,
        )
        vpc.SecurityGroupIngressRule(
            name,
            security_group_id=group.id,
            referenced_security_group_id=args.security_group,
            ip_protocol="tcp",
            from_port=_NFS,
            to_port=_NFS,
            description="Nodes and pods",
            opts=own,
        )
        return {
            key: self._file_system(item, args, group)
            for key, item in args.spec.file_systems.items()
        }

    def _file_system(
        self, item: resolved_cluster.FileSystem, args: StorageArgs, group: ec2.SecurityGroup
    ) -> pulumi.Output[str]:
        own = pulumi.ResourceOptions(parent=self)
        made = efs.FileSystem(
            item.name,
            encrypted=True,
            kms_key_id=args.key_arn,
            throughput_mode=item.throughput,
            tags={"Name": f"{self._name}-{item.name}"},
            # EFS asks nobody before it deletes everything.
            opts=pulumi.ResourceOptions(parent=self, protect=not item.force_destroy),
        )
        for key, subnet in args.subnets.items():
            efs.MountTarget(
                f"{item.name}-{key}",
                file_system_id=made.id,
                subnet_id=subnet,
                security_groups=[group.id],
                opts=own,
            )
        # The root of a new file system is root's, and pods that are not could write nothing.
        user = RESTRICTED_USER
        door = efs.AccessPoint(
            item.name,
            file_system_id=made.id,
            posix_user=efs.AccessPointPosixUserArgs(uid=user, gid=user),
            root_directory=efs.AccessPointRootDirectoryArgs(
                path="/nas",
                creation_info=efs.AccessPointRootDirectoryCreationInfoArgs(
                    owner_uid=user, owner_gid=user, permissions="0770"
                ),
            ),
            tags={"Name": f"{self._name}-{item.name}"},
            opts=own,
        )
        return pulumi.Output.format("{0}::{1}", made.id, door.id)

    def _repository(self, name: str) -> pulumi.Output[str]:
        made = ecr.Repository(
            name,
            name=f"{self._name}/{name}",
            # What a tag says today it says tomorrow.
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=ecr.RepositoryImageScanningConfigurationArgs(
                scan_on_push=True
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        ecr.LifecyclePolicy(
            name,
            repository=made.name,
            policy=to_json(lifecycle()),
            opts=pulumi.ResourceOptions(parent=self, deleted_with=made),
        )
        return made.repository_url
