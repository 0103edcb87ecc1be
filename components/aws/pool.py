"""The component of a pool on AWS: a managed node group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import autoscaling, ec2, eks

from components.manifests.aws import pool as manifests
from schemas.resolved_cluster import Pool

_CAPACITY = {"on_demand": "ON_DEMAND", "spot": "SPOT", "capacity_block": "CAPACITY_BLOCK"}


@dataclass(frozen=True, kw_only=True)
class GpuPoolArgs:
    """`tags` go on to its instances and their volumes; where the group `stands`, those that it has
    stay. `subnets` are those of its zones. `size` is how many nodes it
    has, or begins with. Its nodes come after all of
    `depends_on`: an option of the component would not be its children's."""

    spec: Pool
    size: manifests.Size
    cluster: pulumi.Input[str]
    kubernetes_version: str
    role_arn: pulumi.Input[str]
    subnets: Sequence[pulumi.Input[str]]
    tags: Mapping[str, str]
    stands: bool
    depends_on: Sequence[pulumi.Resource]


class GpuPool(pulumi.ComponentResource):
    """A node group and the template of its instances.

    What only new nodes have (types, disk, capacity, zones) replaces the group: the new one is there
    before the old one goes, so both have generated names: Pulumi's, which a run that was killed
    has written down. All else changes it in place.

    Outputs: `group`, the name of its autoscaling group; `node_group`, its own.
    """

    group: pulumi.Output[str]
    node_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: GpuPoolArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {
            "instance_types": list(spec.instance_types),
            "capacity": spec.capacity,
            "min": spec.min,
            "max": spec.max,
            "disk": spec.disk,
        }
        super().__init__("easymaker:pool:GpuPool", name, dict(props), opts)
        template = self._template(name, args)
        made = eks.NodeGroup(
            name,
            cluster_name=args.cluster,
            node_role_arn=args.role_arn,
            subnet_ids=args.subnets,
            version=args.kubernetes_version,
            ami_type=manifests.ami_type(spec),
            capacity_type=_CAPACITY[spec.capacity],
            # Of a capacity block it is the template that names the type.
            instance_types=None if spec.reservation else list(spec.instance_types),
            launch_template=eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            labels=manifests.labels(spec),
            taints=[
                eks.NodeGroupTaintArgs(key=taint.key, value=taint.value, effect=taint.effect)
                for taint in manifests.taints(spec)
            ],
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=spec.min, max_size=spec.max, desired_size=args.size.desired
            ),
            # One after the other, as their pods may: budgets of pods hold.
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.depends_on),
                # The autoscaler's.
                ignore_changes=["scalingConfig.desiredSize"] if args.size.free else [],
                custom_timeouts=pulumi.CustomTimeouts(create="1h", update="3h", delete="1h"),
            ),
        )
        self.node_group = made.node_group_name
        self.group = made.resources.apply(_group)
        for tag in manifests.group_tags(spec, args.tags):
            autoscaling.Tag(
                f"{name}-{tag.key}",
                autoscaling_group_name=self.group,
                tag=autoscaling.TagTagArgs(
                    key=tag.key, value=tag.value, propagate_at_launch=tag.spreads
                ),
                # They go with the group.
                opts=pulumi.ResourceOptions(parent=self, deleted_with=made),
            )
        self.register_outputs({"group": self.group, "node_group": self.node_group})

    def _template(self, name: str, args: GpuPoolArgs) -> ec2.LaunchTemplate:
        spec = args.spec
        block = spec.capacity == "capacity_block"
        target = ec2.LaunchTemplateCapacityReservationSpecificationCapacityReservationTargetArgs(
            capacity_reservation_id=spec.reservation
        )
        return ec2.LaunchTemplate(
            name,
            update_default_version=True,
            block_device_mappings=[
                ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_size=spec.disk,
                        volume_type="gp3",
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            # Pods don't reach the rights of their node.
            metadata_options=ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
            ),
            instance_type=spec.instance_types[0] if block else None,
            instance_market_options=ec2.LaunchTemplateInstanceMarketOptionsArgs(
                market_type="capacity-block"
            )
            if block
            else None,
            capacity_reservation_specification=ec2.LaunchTemplateCapacityReservationSpecificationArgs(
                capacity_reservation_target=target
            )
            if block
            else None,
            # The autoscaling group has none for volumes, and gets its own when its first nodes run.
            tag_specifications=[
                ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=args.tags)
                for kind in ("instance", "volume")
            ]
            if args.tags
            else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=["tagSpecifications"] if args.stands else [],
                # A new version would drain the nodes of this very group. A new template makes a
                # new group, which takes the pods.
                replace_on_changes=[
                    "blockDeviceMappings",
                    "instanceType",
                    "instanceMarketOptions",
                    "capacityReservationSpecification",
                ],
            ),
        )


def _group(resources: Sequence[eks.outputs.NodeGroupResource]) -> str:
    """The one autoscaling group that a node group has."""
    groups = resources[0].autoscaling_groups
    name = groups[0].name if groups else None
    if name is None:
        raise ValueError("a node group without an autoscaling group")
    return name
