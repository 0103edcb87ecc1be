"""Clusters and their node groups."""

from tests.support.aws.provider.row import Call, Row, Tags, Update

_NODES = {"clusterName": "{clusterName}", "nodegroupName": "{nodeGroupName}"}


def tags(arn: str, of: str = "") -> Tags:
    """The calls that change tags; `of` says of what, for the table of calls."""
    return Tags(
        Call(f"tag_resource{of}", {"resourceArn": arn, "tags": "{put}"}, "eks"),
        Call(f"untag_resource{of}", {"resourceArn": arn, "tagKeys": "{removed}"}, "eks"),
    )


ROWS = (
    Row(
        token="aws:eks/cluster:Cluster",
        service="eks",
        create=Call(
            "create_cluster",
            {
                "name": "{name}",
                "version": "{version}",
                "roleArn": "{roleArn}",
                "resourcesVpcConfig": "{vpcConfig}",
                "accessConfig": "{accessConfig}",
                "kubernetesNetworkConfig": "{kubernetesNetworkConfig}",
                "bootstrapSelfManagedAddons": "{bootstrapSelfManagedAddons}",
                "logging": {
                    "!clusterLogging": [{"types": "{enabledClusterLogTypes}", "enabled": True}]
                },
                "encryptionConfig": ["{encryptionConfig}"],
                "upgradePolicy": "{upgradePolicy}",
                "deletionProtection": "{deletionProtection}",
                "tags": "{tagsAll}",
            },
        ),
        id="{name}",
        keys=("name",),
        read=Call("describe_cluster", {"name": "{id}"}),
        found="cluster",
        ready={"status": "ACTIVE"},
        outputs={
            "name": "name",
            "arn": "arn",
            "endpoint": "endpoint",
            "certificateAuthority": "certificateAuthority",
            "roleArn": "roleArn",
            "status": "status",
            "identities": "identity|identities",
            "version": "tags.emulated:version,version",
            "vpcConfig": "resourcesVpcConfig",
            "tagsAll": "tags|own",
        },
        updates=(
            Update(
                ["version"],
                [Call("update_cluster_version", {"name": "{id}", "version": "{version}"})],
            ),
            Update(
                ["vpcConfig"],
                [
                    Call(
                        "update_cluster_config",
                        {"name": "{id}", "resourcesVpcConfig": "{vpcConfig|endpoints}"},
                    )
                ],
            ),
            Update(
                ["enabledClusterLogTypes"],
                [
                    Call(
                        "update_cluster_config",
                        {
                            "name": "{id}",
                            "logging": {
                                "clusterLogging": [
                                    {"types": "{enabledClusterLogTypes}", "enabled": True}
                                ]
                            },
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_cluster", {"name": "{id}"}),
        tags=tags("{arn}"),
        named="name",
        longest=100,
    ),
    Row(
        token="aws:eks/nodeGroup:NodeGroup",
        service="eks",
        create=Call(
            "create_nodegroup",
            {
                **_NODES,
                "scalingConfig": "{scalingConfig}",
                "diskSize": "{diskSize}",
                "subnets": "{subnetIds}",
                "instanceTypes": "{instanceTypes}",
                "amiType": "{amiType}",
                "nodeRole": "{nodeRoleArn}",
                "labels": "{labels}",
                "taints": "{taints}",
                "launchTemplate": "{launchTemplate}",
                "updateConfig": "{updateConfig}",
                "nodeRepairConfig": "{nodeRepairConfig}",
                "capacityType": "{capacityType}",
                "version": "{version}",
                "releaseVersion": "{releaseVersion}",
                "tags": "{tagsAll}",
            },
        ),
        id="{clusterName}:{nodeGroupName}",
        keys=("clusterName", "nodeGroupName"),
        read=Call("describe_nodegroup", _NODES),
        found="nodegroup",
        ready={"status": "ACTIVE"},
        outputs={
            "clusterName": "clusterName",
            "nodeGroupName": "nodegroupName",
            "arn": "nodegroupArn",
            "status": "status",
            "nodeRoleArn": "nodeRole",
            "subnetIds": "subnets",
            "scalingConfig": "scalingConfig",
            "labels": "labels",
            "taints": "taints",
            "instanceTypes": "instanceTypes",
            "amiType": "amiType",
            "capacityType": "capacityType",
            "updateConfig": "updateConfig",
            "launchTemplate": "|launch",
            "version": "tags.emulated:version,version",
            "resources": "resources|groups",
            "tagsAll": "tags|own",
        },
        updates=(
            Update(
                ["scalingConfig", "labels", "taints", "updateConfig", "nodeRepairConfig"],
                [
                    Call(
                        "update_nodegroup_config",
                        {
                            **_NODES,
                            "scalingConfig": "{scalingConfig}",
                            "labels": {
                                "addOrUpdateLabels": "{labels}",
                                "removeLabels": "{removed_labels}",
                            },
                            "taints": {
                                "addOrUpdateTaints": "{added_taints}",
                                "removeTaints": "{removed_taints}",
                            },
                            "updateConfig": "{updateConfig}",
                            "nodeRepairConfig": "{nodeRepairConfig}",
                        },
                    )
                ],
            ),
            Update(
                ["version", "releaseVersion", "launchTemplate"],
                [
                    Call(
                        "update_nodegroup_version",
                        {
                            **_NODES,
                            "version": "{version}",
                            "releaseVersion": "{releaseVersion}",
                            "launchTemplate": "{launchTemplate}",
                        },
                    )
                ],
            ),
        ),
        delete=Call("delete_nodegroup", _NODES),
        tags=tags("{arn}", "/nodegroup"),
        named="nodeGroupName",
        longest=63,
        own=("forceUpdateVersion",),
    ),
)
