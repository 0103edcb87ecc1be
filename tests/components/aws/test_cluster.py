"""The control plane: who reaches it, who may use it, what is encrypted, what add-ons need."""

import json
from dataclasses import replace

from components.manifests.aws import trust
from components.manifests.aws.access_entries import key_of
from components.manifests.aws.addons import ADDONS
from schemas.resolved_cluster import Cluster, EndpointAccess
from tests.support.account import ARN, KEY, NUMBER, role
from tests.support.cluster_graph import graph
from tests.support.recorder import Graph

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"


def test_control_plane_is_private_encrypted_and_nobodys_by_default(made: Graph) -> None:
    node = made.one(CLUSTER)
    assert node.inputs == {
        "name": "dev",
        "version": "1.36",
        "roleArn": role("dev-control-plane"),
        "vpcConfig": {
            "subnetIds": [f"dev-private-ap-northeast-2{letter}-id" for letter in "ac"],
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
        },
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
        "bootstrapSelfManagedAddons": False,
        "enabledClusterLogTypes": [
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        ],
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "tags": {f"easymaker:addon/{addon.name}": "1.36/v1.36.0-eksbuild.1" for addon in ADDONS},
    }
    assert made.nodes[node.parent].type == "easymaker:cluster:Cluster"


def test_its_logs_and_rights_are_there_first(made: Graph) -> None:
    """Without the group EKS makes one that keeps records for ever."""
    node = made.one(CLUSTER)
    group = made.named("aws:cloudwatch/logGroup:LogGroup", "dev-control-plane")
    assert group.inputs == {"name": "/aws/eks/dev/cluster", "retentionInDays": 30, "kmsKeyId": KEY}
    right = made.named(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "dev-control-plane-AmazonEKSClusterPolicy",
    )
    assert {group.urn, right.urn} <= set(node.depends_on)


def test_public_endpoint_is_for_the_named_addresses(applied: Cluster) -> None:
    access = EndpointAccess(("203.0.113.0/24",), ())
    found = graph(replace(applied, endpoint_access=access)).one(CLUSTER).inputs["vpcConfig"]
    assert found["endpointPublicAccess"] is True
    assert found["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert found["endpointPrivateAccess"] is True


def test_access_is_the_specs(made: Graph) -> None:
    named = {who: f"dev-{key_of(f'arn:aws:iam::{NUMBER}:role/{who}')}" for who in ("Admin", "Team")}
    team = made.named("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", named["Team"])
    assert team.inputs == {
        "clusterName": "dev",
        "principalArn": f"arn:aws:iam::{NUMBER}:role/Team",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["iris"]},
    }
    admins = made.named("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", named["Admin"])
    # Another scope makes it anew, and EKS knows the two by one key.
    assert team.delete_before_replace
    assert admins.inputs["accessScope"] == {"type": "cluster"}
    assert admins.inputs["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")
    entries = made.all("aws:eks/accessEntry:AccessEntry")
    assert {node.name for node in entries} == {*named.values()}
    # Stacks that called them by the spec's keys keep them.
    assert {alias for node in entries for alias in node.aliases} == {
        "dev-admins",
        "dev-team",
    }


def test_all_add_ons_are_eks_own(made: Graph) -> None:
    common = {
        "clusterName": "dev",
        "addonVersion": "v1.36.0-eksbuild.1",
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
    }
    found = {node.name: node.inputs for node in made.all(ADDON)}
    assert found == {
        "eks-pod-identity-agent": {**common, "addonName": "eks-pod-identity-agent"},
        "kube-proxy": {**common, "addonName": "kube-proxy"},
        "vpc-cni": {
            **common,
            "addonName": "vpc-cni",
            "configurationValues": '{"enableNetworkPolicy": "true"}',
        },
        "coredns": {**common, "addonName": "coredns"},
        "aws-ebs-csi-driver": {**common, "addonName": "aws-ebs-csi-driver"},
        "aws-efs-csi-driver": {**common, "addonName": "aws-efs-csi-driver"},
        "aws-mountpoint-s3-csi-driver": {
            **common,
            "addonName": "aws-mountpoint-s3-csi-driver",
            "configurationValues": '{"node": {"tolerateAllTaints": true}}',
        },
        "metrics-server": {**common, "addonName": "metrics-server"},
    }


def test_versions_of_add_ons_are_the_specs(applied: Cluster) -> None:
    found = graph(replace(applied, addons={"coredns": "v1.12.1-eksbuild.2"}))
    assert found.named(ADDON, "coredns").inputs["addonVersion"] == "v1.12.1-eksbuild.2"


def test_add_on_starts_with_the_rights_of_its_own_pods(made: Graph) -> None:
    """Pods get a role when they start, so what gives it is there before."""
    addon = made.named(ADDON, "aws-ebs-csi-driver")
    name = "dev-aws-ebs-csi-driver"
    association = made.named("aws:eks/podIdentityAssociation:PodIdentityAssociation", name)
    assert association.urn in addon.depends_on
    assert association.inputs == {
        "clusterName": "dev",
        "namespace": "kube-system",
        "serviceAccount": "ebs-csi-controller-sa",
        "roleArn": role(name),
    }
    attached = made.named(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", f"{name}-AmazonEBSCSIDriverPolicy"
    )
    own = made.named("aws:iam/rolePolicy:RolePolicy", name)
    assert {attached.urn, own.urn} <= set(association.depends_on)
    assert json.loads(own.inputs["policy"])["Statement"][0]["Resource"] == KEY
    trusted = json.loads(made.named("aws:iam/role:Role", name).inputs["assumeRolePolicy"])
    assert trusted == trust.of_pods(ARN, "kube-system", "ebs-csi-controller-sa")


def test_nodes_have_no_rights_but_to_be_nodes(made: Graph) -> None:
    attached = {
        node.inputs["policyArn"].rpartition("/")[2]
        for node in made.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if node.inputs["role"] == "dev-node"
    }
    assert attached == {"AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"}
