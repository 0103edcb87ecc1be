"""Where the components of a cluster on AWS meet."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws import addons, cluster, network, pool
from components.manifests.aws.addons import ADDONS
from schemas import resolved_cluster

Outputs = dict[str, Any]


async def build(spec: resolved_cluster.Cluster) -> Outputs:
    """Register everything. Returns the stack's outputs."""
    account = provider(spec)
    number = aws.get_caller_identity_output(
        opts=pulumi.InvokeOutputOptions(provider=account)
    ).account_id
    below = pulumi.ResourceOptions(providers=[account])
    net = network.Network(
        spec.name,
        network.NetworkArgs(spec=spec.network, region=spec.region, zones=spec.zones),
        below,
    )
    home = cluster.Cluster(
        spec.name,
        cluster.ClusterArgs(spec=spec, account=number, subnets=list(net.private_subnets.values())),
        below,
    )
    pools = _pools(spec, account, net, home)
    rest = addons.Addons(
        f"{spec.name}-addons",
        addons.AddonsArgs(
            prefix=spec.name,
            cluster=home.cluster.name,
            cluster_arn=home.cluster.arn,
            region=spec.region,
            addons=[addon for addon in ADDONS if not addon.before_nodes],
            versions=spec.addons,
            depends_on=list(pools.values()),
        ),
        below,
    )
    return {
        "cluster": {
            "name": home.cluster.name,
            "arn": home.cluster.arn,
            "endpoint": home.cluster.endpoint,
            "certificate_authority": home.cluster.certificate_authority.data,
            "region": spec.region,
            "kubernetes_version": home.cluster.version,
            "account": number,
            "security_group": home.security_group,
        },
        "kubeconfig": home.kubeconfig,
        "vpc": net.vpc,
        "private_subnets": list(net.private_subnets.values()),
        "pools": {name: _pool(spec.pools[name], home) for name in spec.pools},
        "roles": {**home.roles, **rest.roles},
        "key_arn": home.key_arn,
    }


def provider(spec: resolved_cluster.Cluster) -> aws.Provider:
    """The provider of the account. Who calls it is the environment's, as for the AWS CLI."""
    tags = {"easymaker:cluster": spec.name, **spec.tags}
    return aws.Provider(
        "aws", region=spec.region, default_tags=aws.ProviderDefaultTagsArgs(tags=tags)
    )


def _pools(
    spec: resolved_cluster.Cluster,
    account: aws.Provider,
    net: network.Network,
    home: cluster.Cluster,
) -> Mapping[str, pool.GpuPool]:
    return {
        name: pool.GpuPool(
            name,
            pool.GpuPoolArgs(
                spec=item,
                cluster=home.cluster.name,
                kubernetes_version=spec.kubernetes_version,
                role_arn=home.node_role_arn,
                subnets=net.subnets_of(item.zones),
                tags=spec.tags,
                depends_on=[net, home],
            ),
            pulumi.ResourceOptions(providers=[account]),
        )
        for name, item in spec.node_groups.items()
    }


def _pool(item: resolved_cluster.Pool, home: cluster.Cluster) -> Outputs:
    return {
        "labels": item.node_labels,
        "taints": {
            key: {"value": taint.value, "effect": taint.effect}
            for key, taint in item.node_taints.items()
        },
        "min": item.min,
        "max": item.max,
        "gpu_count": item.gpu_count,
        "role_arn": home.node_role_arn,
    }
