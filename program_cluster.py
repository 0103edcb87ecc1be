"""The one place where the components of a cluster on AWS meet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

import live.access
import live.addons
import live.cluster
import live.network
import live.pools
from components.aws import addons, cluster, gateway, karpenter, network, pool, roles, storage
from components.manifests.aws.access_entries import Applier
from components.manifests.aws.addons import ADDONS
from components.manifests.aws.pool import Group, size, stands
from schemas import resolved_cluster

Outputs = dict[str, Any]


async def build(spec: resolved_cluster.Cluster, account: aws.Provider | None = None) -> Outputs:
    """Register everything, with a provider that there may be. Returns the stack's outputs."""
    account = account or provider(spec)
    ask = asking(account)
    there = _Live(
        groups=await live.pools.groups(spec.name, ask),
        versions=await live.addons.versions(spec, ask),
        callers=await live.network.callers(spec, ask),
        zones=await live.network.zones(spec, ask),
        applier=await live.access.applier(spec, ask),
    )
    if pulumi.runtime.is_dry_run():
        for sentence in await live.pools.warnings(spec, there.groups, ask):
            pulumi.log.warn(sentence)
    return _Builder(spec, account, there).outputs()


def provider(spec: resolved_cluster.Cluster) -> aws.Provider:
    """The provider of the account. Who calls it is the environment's, as for the AWS CLI."""
    tags = {"easymaker:cluster": spec.name, **spec.tags}
    return aws.Provider(
        "aws", region=spec.region, default_tags=aws.ProviderDefaultTagsArgs(tags=tags)
    )


def asking(account: aws.Provider) -> live.cluster.Ask:
    """Asks AWS by functions of the provider, such as `eks/getCluster`."""

    async def ask(function: str, inputs: Mapping[str, str]) -> Mapping[str, Any]:
        token = f"aws:{function}:{function.rpartition('/')[2]}"
        options = pulumi.InvokeOptions(provider=account)
        found: Mapping[str, Any] = await pulumi.runtime.invoke_async(token, dict(inputs), options)
        return found

    return ask


@dataclass(frozen=True, kw_only=True)
class _Live:
    """What AWS said: node groups, versions of add-ons, ranges that call, zones of subnets that
    exist, who applied it."""

    groups: Sequence[Group]
    versions: Mapping[str, str]
    callers: Sequence[str]
    zones: Mapping[str, str]
    applier: Applier | None


class _Builder:
    """Registers one part after the other, each with what it needs of those before."""

    def __init__(
        self,
        spec: resolved_cluster.Cluster,
        account: aws.Provider,
        there: _Live,
    ) -> None:
        self.spec = spec
        self._there = there
        self._below = pulumi.ResourceOptions(providers=[account])
        caller = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(provider=account))
        self.account = caller.account_id
        self.net = network.Network(
            spec.name,
            network.NetworkArgs(
                spec=spec.network, region=spec.region, zones=spec.zones, existing=there.zones
            ),
            self._below,
        )
        self._subnets = list(self.net.private_subnets.values())
        self.home = cluster.Cluster(
            spec.name,
            cluster.ClusterArgs(
                spec=spec,
                versions=there.versions,
                account=self.account,
                applier=there.applier,
                subnets=self._subnets,
                callers=there.callers,
            ),
            self._below,
        )
        self.pools = {name: self._pool(item) for name, item in spec.node_groups.items()}
        self.addons = self._addons()
        self.storage = storage.Storage(
            spec.name,
            storage.StorageArgs(
                spec=spec,
                account=self.account,
                key_arn=self.home.key_arn,
                vpc=self.net.vpc,
                subnets=self.net.one_a_zone,
                security_group=self.home.security_group,
            ),
            self._below,
        )
        self.gateway = gateway.Gateway(
            spec.name,
            gateway.GatewayArgs(
                vpc=self.net.vpc,
                subnets=list(self.net.one_a_zone.values()),
                security_group=self.home.security_group,
                # Nodes without GPUs: they are there, and one of them has the Gateway's pods.
                groups={
                    name: made.group
                    for name, made in self.pools.items()
                    if spec.pools[name].core_type == "cpu"
                },
                callers=there.callers,
            ),
            self._below,
        )
        self.karpenter = self._karpenter() if spec.provisioner == "karpenter" else None
        self.roles = self._roles()

    def outputs(self) -> Outputs:
        """What workspaces and add-ons read."""
        spec, home = self.spec, self.home
        found: Outputs = {
            "cluster": {
                "name": home.cluster.name,
                "arn": home.cluster.arn,
                "endpoint": home.cluster.endpoint,
                "certificate_authority": home.cluster.certificate_authority.data,
                "region": spec.region,
                "kubernetes_version": home.cluster.version,
                "account": self.account,
                "security_group": home.security_group,
            },
            "kubeconfig": home.kubeconfig,
            "vpc": self.net.vpc,
            "private_subnets": self._subnets,
            "key_arn": home.key_arn,
            "tags": dict(spec.tags),
            "pools": {name: _told(item) for name, item in spec.node_groups.items()},
            "node_pools": {name: _told(item) for name, item in spec.node_pools.items()},
            "file_systems": self.storage.file_systems,
            "buckets": self.storage.buckets,
            "repositories": self.storage.repositories,
            "logs": self.storage.logs,
            "gateway": self.gateway.outputs,
            "roles": {**home.roles, **self.addons.roles, **self.roles},
        }
        if self.karpenter is not None:
            found["interruption_queue"] = self.karpenter.queue
        return found

    def _pool(self, item: resolved_cluster.Pool) -> pool.GpuPool:
        return pool.GpuPool(
            item.name,
            pool.GpuPoolArgs(
                spec=item,
                size=size(item, self._there.groups),
                stands=stands(item, self._there.groups),
                cluster=self.home.cluster.name,
                kubernetes_version=self.spec.kubernetes_version,
                role_arn=self.home.node_role_arn,
                subnets=self.net.subnets_of(item.zones),
                tags=self.spec.tags,
                depends_on=[self.net, self.home],
            ),
            self._below,
        )

    def _addons(self) -> addons.Addons:
        return addons.Addons(
            f"{self.spec.name}-addons",
            addons.AddonsArgs(
                prefix=self.spec.name,
                cluster=self.home.cluster.name,
                cluster_arn=self.home.cluster.arn,
                key_arn=self.home.key_arn,
                region=self.spec.region,
                addons=[addon for addon in ADDONS if not addon.before_nodes],
                versions=self._there.versions,
                depends_on=list(self.pools.values()),
            ),
            self._below,
        )

    def _karpenter(self) -> karpenter.Karpenter:
        return karpenter.Karpenter(
            f"{self.spec.name}-karpenter",
            karpenter.KarpenterArgs(
                cluster=self.home.cluster.name,
                cluster_arn=self.home.cluster.arn,
                account=self.account,
                region=self.spec.region,
                node_role_arn=self.home.node_role_arn,
            ),
            self._below,
        )

    def _roles(self) -> dict[str, pulumi.Output[str]]:
        spec, home = self.spec, self.home
        args = roles.RolesArgs(
            cluster=home.cluster.name,
            cluster_arn=home.cluster.arn,
            region=spec.region,
            name=spec.name,
            autoscaler=spec.provisioner == "cluster-autoscaler",
            log_group_arn=self.storage.log_arns["pods"],
        )
        found = roles.Roles(spec.name, args, self._below).arns
        if self.karpenter is not None:
            found["karpenter"] = self.karpenter.role_arn
            found["karpenter_node"] = home.node_role_arn
        return found


def _told(item: resolved_cluster.Pool) -> Outputs:
    """A pool, for who makes its nodes or sends pods to them."""
    return {
        "instance_types": list(item.instance_types),
        "capacity": item.capacity,
        "reservation": item.reservation,
        "zones": list(item.zones),
        "disk": item.disk,
        "min": item.min,
        "max": item.max,
        "vcpu": item.vcpu,
        "gpu_count": item.gpu_count,
        "labels": item.node_labels,
        "taints": {
            key: {"value": taint.value, "effect": taint.effect}
            for key, taint in item.node_taints.items()
        },
    }
