"""The component of an EKS cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, eks, iam, kms, vpc

from components.aws.addons import Addons, AddonsArgs
from components.manifests.aws import policies, trust
from components.manifests.aws.access_entries import APPLIER_TAG, Applier, key_of
from components.manifests.aws.addons import ADDONS, chosen_tags
from components.manifests.aws.kubeconfig import kubeconfig
from components.manifests.aws.names import managed_policy
from schemas import resolved_cluster
from schemas.partition import partition
from schemas.text import to_json

API_PORT = 443
CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_POLICIES = {
    "cluster-admin": "AmazonEKSClusterAdminPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "admin-view": "AmazonEKSAdminViewPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
}
_CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)
_NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """`account` is the number of the AWS account that it is in, `applier` the IAM principal that
    applies it, if its spec names nobody who may use it. `versions` are those of add-ons.
    `callers` are the ranges that reach its API server inside the network."""

    spec: resolved_cluster.Cluster
    versions: Mapping[str, str]
    account: pulumi.Input[str]
    applier: Applier | None
    subnets: Sequence[pulumi.Input[str]]
    callers: Sequence[str]


class Cluster(pulumi.ComponentResource):
    """The control plane with its key, its logs and who may use it, the role of nodes, and the
    add-ons that nodes become ready by.

    Nodes depend on all of it.
    """

    cluster: eks.Cluster
    key_arn: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]
    security_group: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    roles: Mapping[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        props = {"region": spec.region, "kubernetes_version": spec.kubernetes_version}
        super().__init__("easymaker:cluster:Cluster", name, dict(props), opts)
        self._name, self._spec = name, spec
        key = self._key(args.account)
        self.key_arn = key.arn
        self.cluster = self._control_plane(args, key)
        node, _ = self._role("node", "ec2.amazonaws.com", _NODE_POLICIES)
        self.node_role_arn = node.arn
        self.security_group = self.cluster.vpc_config.cluster_security_group_id.apply(
            lambda found: found or ""
        )
        self._admit(args.callers)
        self._access(args.applier)
        base = Addons(
            f"{name}-base",
            AddonsArgs(
                prefix=name,
                cluster=self.cluster.name,
                cluster_arn=self.cluster.arn,
                key_arn=self.key_arn,
                region=spec.region,
                addons=[addon for addon in ADDONS if addon.before_nodes],
                versions=args.versions,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.roles = base.roles
        self.kubeconfig = pulumi.Output.all(
            arn=self.cluster.arn,
            endpoint=self.cluster.endpoint,
            authority=self.cluster.certificate_authority.data,
        ).apply(lambda known: kubeconfig(name=spec.name, region=spec.region, **known))
        self.register_outputs(
            {"arn": self.cluster.arn, "endpoint": self.cluster.endpoint, "key_arn": self.key_arn}
        )

    def _key(self, account: pulumi.Input[str]) -> kms.Key:
        region, own = self._spec.region, pulumi.ResourceOptions(parent=self)
        key = kms.Key(
            self._name,
            description=f"Cluster {self._name}: secrets, logs, buckets and file systems",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.from_input(account).apply(
                lambda number: to_json(policies.key(region, number))
            ),
            tags={"Name": self._name},
            opts=own,
        )
        alias = f"alias/easymaker/{self._name}"
        kms.Alias(self._name, name=alias, target_key_id=key.key_id, opts=own)
        return key

    def _control_plane(self, args: ClusterArgs, key: kms.Key) -> eks.Cluster:
        name, spec = self._name, self._spec
        # EKS would make it, to keep records for ever.
        logs = cloudwatch.LogGroup(
            f"{name}-control-plane",
            name=f"/aws/eks/{name}/cluster",
            retention_in_days=spec.log_retention,
            kms_key_id=key.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role, granted = self._role("control-plane", "eks.amazonaws.com", _CLUSTER_POLICIES)
        cidrs = spec.endpoint_access.public_cidrs
        applied = {APPLIER_TAG: args.applier.key} if args.applier else {}
        left_open = {k: v for k, v in args.versions.items() if k not in spec.addons}
        return eks.Cluster(
            name,
            name=name,
            version=spec.kubernetes_version,
            role_arn=role.arn,
            vpc_config=eks.ClusterVpcConfigArgs(
                subnet_ids=args.subnets,
                endpoint_private_access=True,
                endpoint_public_access=bool(cidrs),
                public_access_cidrs=list(cidrs) or None,
            ),
            access_config=eks.ClusterAccessConfigArgs(
                authentication_mode="API",
                # Who may use it is in the spec, and does not hang on who applied it first.
                bootstrap_cluster_creator_admin_permissions=False,
            ),
            # All of them are EKS add-ons, and only those get updates.
            bootstrap_self_managed_addons=False,
            enabled_cluster_log_types=CONTROL_PLANE_LOGS,
            encryption_config=eks.ClusterEncryptionConfigArgs(
                provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn),
                resources=["secrets"],
            ),
            tags={**chosen_tags(left_open, spec.kubernetes_version), **applied} or None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, *granted]),
        )

    def _role(
        self, use: str, service: str, managed: Sequence[str]
    ) -> tuple[iam.Role, list[iam.RolePolicyAttachment]]:
        """A role of a service, and what it may by policies of AWS's."""
        name, own = f"{self._name}-{use}", pulumi.ResourceOptions(parent=self)
        role = iam.Role(name, assume_role_policy=to_json(trust.of_service(service)), opts=own)
        granted = [
            iam.RolePolicyAttachment(
                f"{name}-{policy}",
                role=role.name,
                policy_arn=managed_policy(self._spec.region, policy),
                opts=own,
            )
            for policy in managed
        ]
        return role, granted

    def _admit(self, callers: Sequence[str]) -> None:
        """Let ranges reach the API server: EKS's own group admits its members alone."""
        for cidr in callers:
            vpc.SecurityGroupIngressRule(
                f"{self._name}-api-{cidr}",
                security_group_id=self.security_group,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=API_PORT,
                to_port=API_PORT,
                description="Callers of the API server",
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _access(self, applier: Applier | None) -> None:
        for entry in self._spec.access.values():
            self._entry(entry, key_of(entry.principal))
        if applier is not None:
            own = resolved_cluster.AccessEntry("applier", applier.principal, "cluster-admin", ())
            # Whoever applies it next is no reason to shut out who did first.
            self._entry(own, applier.key, ["principalArn"])

    def _entry(
        self, entry: resolved_cluster.AccessEntry, key: str, ignored: Sequence[str] = ()
    ) -> None:
        """What a principal may do, called by the principal: EKS has one entry of it."""
        name, part = f"{self._name}-{key}", partition(self._spec.region)
        # Entries used to be called by their key in the spec.
        aliases = [pulumi.Alias(name=f"{self._name}-{entry.name}")]
        own = pulumi.ResourceOptions(parent=self, aliases=aliases, ignore_changes=list(ignored))
        made = eks.AccessEntry(
            name, cluster_name=self.cluster.name, principal_arn=entry.principal, opts=own
        )
        spaces = list(entry.namespaces)
        eks.AccessPolicyAssociation(
            name,
            cluster_name=self.cluster.name,
            principal_arn=made.principal_arn,
            policy_arn=f"arn:{part}:eks::aws:cluster-access-policy/{_POLICIES[entry.policy]}",
            access_scope=eks.AccessPolicyAssociationAccessScopeArgs(
                type="namespace" if spaces else "cluster", namespaces=spaces or None
            ),
            # A principal has a policy once: with the old scope the new one would go, too.
            opts=pulumi.ResourceOptions(parent=self, aliases=aliases, delete_before_replace=True),
        )
