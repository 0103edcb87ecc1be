"""The program on AWS: the provider and what the workloads of the workspace become."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.manifests import nas, policies
from components.manifests.aws import access
from schemas import resolved
from schemas.logs import CloudWatch
from schemas.names import NAME_LENGTH
from schemas.platform import ApiGateway
from tests.components import test_program
from tests.support import cluster_stack
from tests.support.recorder import Graph, Node

JOB = "easymaker.io/job"
PROVIDER = "pulumi:providers:kubernetes"


def graph(spec: resolved.Workspace) -> Graph:
    return test_program.graph(spec, answers=cluster_stack.ANSWERS)


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> resolved.Workspace:
    return cluster_stack.workspace(tmp_path_factory.mktemp("spec"))


def provider(spec: resolved.Workspace) -> dict[str, Any]:
    wanted = ("kubeconfig", "context", "clusterIdentifier")
    inputs = graph(spec).one(PROVIDER).inputs
    return {key: inputs[key] for key in wanted if key in inputs}


def test_cluster_is_reached_as_its_stack_says(spec: resolved.Workspace) -> None:
    assert provider(spec) == {
        "kubeconfig": cluster_stack.OUTPUTS["kubeconfig"],
        "clusterIdentifier": cluster_stack.ARN,
    }


def test_own_context_is_the_same_cluster(spec: resolved.Workspace) -> None:
    target = spec.platform.target.model_copy(update={"context": "proxy"})
    proxied = replace(spec, platform=replace(spec.platform, target=target))
    assert provider(proxied) == {"context": "proxy", "clusterIdentifier": cluster_stack.ARN}


def test_certificate_of_another_region_is_refused(spec: resolved.Workspace) -> None:
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0123"
    gateway = ApiGateway(certificate=certificate)
    with pytest.raises(pulumi.RunError) as error:
        graph(replace(spec, platform=replace(spec.platform, api_gateway=gateway)))
    assert str(error.value) == (
        "platform.api_gateway.certificate: it is of us-east-1, but the cluster dev is in "
        "ap-northeast-2, whose API Gateway takes no other: request or import one there"
    )


def test_roles_are_there_before_pods(spec: resolved.Workspace) -> None:
    made = graph(spec)
    associations = made.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert sorted(node.inputs["serviceAccount"] for node in associations) == [
        "logs",
        "serving",
        "training",
    ]
    policies = made.all("aws:iam/rolePolicy:RolePolicy")
    # Until IAM knows, also of what a role may do more than before.
    assert all(node.after_create == (f"{node.name}-settles",) for node in associations)
    assert all(node.after_update == (f"{node.name}-settles",) for node in policies)
    urns = {node.urn for node in (*associations, *policies)}
    for type_ in (
        "kubernetes:batch/v1:Job",
        "kubernetes:apps/v1:StatefulSet",
        "kubernetes:apps/v1:Deployment",
        "kubernetes:batch/v1:CronJob",
    ):
        for node in made.all(type_):
            assert reaches(made, node, urns) >= urns, node.name


def test_longest_name_has_roles(spec: resolved.Workspace) -> None:
    """Pulumi adds eight characters, and AWS allows 64."""
    made = graph(replace(spec, name="w" * NAME_LENGTH))
    names = {node.name for node in made.all("aws:iam/role:Role")}
    assert len(names) == 3
    assert max(map(len, names)) == 56


def reaches(made: Graph, node: Node, urns: set[str]) -> set[str]:
    """What of `urns` it depends on, and what that depends on."""
    seen: set[str] = set()
    todo = [node.urn]
    while todo:
        urn = todo.pop()
        if urn not in seen:
            seen.add(urn)
            todo += made.nodes[urn].depends_on if urn in made.nodes else ()
    return seen & urns


def test_role_is_for_one_service_account_of_one_cluster(spec: resolved.Workspace) -> None:
    made = graph(spec)
    association = next(
        node
        for node in made.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        if node.inputs["serviceAccount"] == "training"
    )
    assert association.inputs["clusterName"] == "dev"
    assert association.inputs["namespace"] == "lab"
    role = next(n for n in made.all("aws:iam/role:Role") if n.name == "lab-training")
    assert json.loads(role.inputs["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-arn": cluster_stack.ARN,
                        "aws:RequestTag/kubernetes-namespace": "lab",
                        "aws:RequestTag/kubernetes-service-account": "training",
                    }
                },
            }
        ],
    }
    rules = next(n for n in made.all("aws:iam/rolePolicy:RolePolicy") if n.name == "lab-training")
    granted = access.grants(spec, [])["training"]
    assert json.loads(rules.inputs["policy"]) == access.policy(spec.platform, granted)


def test_log_collector_has_its_role_before_its_pods(spec: resolved.Workspace) -> None:
    sink = CloudWatch(type="cloudwatch", region="ap-northeast-2")
    made = graph(replace(spec, platform=replace(spec.platform, logs=sink)))
    (association,) = (
        node
        for node in made.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        if node.inputs["namespace"] == "logs-lab"
    )
    pods = made.one("kubernetes:apps/v1:DaemonSet")
    assert reaches(made, pods, {association.urn})
    name = pods.inputs["spec"]["template"]["spec"]["serviceAccountName"]
    assert name == association.inputs["serviceAccount"]
    assert any(
        node.inputs["metadata"] | {"name": name, "namespace": "logs-lab"} == node.inputs["metadata"]
        for node in made.all("kubernetes:core/v1:ServiceAccount")
    )
    assert any(
        node.inputs["metadata"]["namespace"] == "logs-lab"
        and node.inputs["metadata"]["name"] == "allow-pod-identity"
        for node in made.all("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    )


def test_pods_are_what_their_roles_are_for(spec: resolved.Workspace) -> None:
    made = graph(spec)
    accounts = {n.inputs["metadata"]["name"] for n in made.all("kubernetes:core/v1:ServiceAccount")}
    assert accounts >= {"logs", "serving", "training"}
    (job,) = made.all("kubernetes:batch/v1:Job")
    pod = job.inputs["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("training", False)
    environment = {e["name"] for e in pod["containers"][0]["env"]}
    assert not any(name.startswith("RCLONE_CONFIG") for name in environment)
    document = json.loads(job.inputs["spec"]["template"]["metadata"]["annotations"][JOB])
    assert document["stores"]["S0"] == {
        "type": "s3",
        "provider": "AWS",
        "env_auth": "true",
        "endpoint": "https://s3.ap-northeast-2.amazonaws.com",
        "region": "ap-northeast-2",
        "no_check_bucket": "true",
        "directory_bucket": "true",
    }
    output = document["output"]
    assert output["path"] == f"dev-results-123456789012/fit-{spec.trainings['fit'].revision}"
    assert output["address"].startswith("obs://objects.ml.test/results/fit-")


def test_a_program_on_kubernetes_loads_nothing_of_aws() -> None:
    code = "import sys, program; sys.exit(any(n.startswith('pulumi_aws') for n in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_file_system_is_the_clusters(spec: resolved.Workspace) -> None:
    volume = nas.volumes(spec)[0]
    assert volume["spec"]["csi"] == {
        "driver": "efs.csi.aws.com",
        "volumeHandle": "fs-0123456789abcdef0::fsap-0123456789abcdef0",
    }


def test_pods_reach_s3_and_who_says_what_they_are(spec: resolved.Workspace) -> None:
    found = {p["metadata"]["name"]: p["spec"] for p in policies.policies(spec)}
    assert found["allow-object-storage"]["egress"] == [
        {
            "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}],
            "ports": [{"protocol": "TCP", "port": 443}],
        }
    ]
    assert found["allow-pod-identity"] == {
        "podSelector": {
            "matchExpressions": [
                {
                    "key": "easymaker.io/kind",
                    "operator": "In",
                    "values": ["check", "experiment", "log-reader", "stage", "training"],
                }
            ]
        },
        "policyTypes": ["Egress"],
        "egress": [
            {
                "to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}],
                "ports": [{"protocol": "TCP", "port": 80}],
            }
        ],
    }
