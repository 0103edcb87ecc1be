"""The test provider under the real engine, with small typed programs."""

import pytest

from tests.aws.conftest import Account

pytestmark = pytest.mark.e2e

POOL = """
    import pulumi
    from pulumi_aws import ec2, eks, iam

    nodes = iam.Role("nodes", assume_role_policy="{}")
    vpc = ec2.Vpc("net", cidr_block="10.0.0.0/16")
    subnets = [
        ec2.Subnet(zone, vpc_id=vpc.id, availability_zone=f"ap-northeast-2{zone}", cidr_block=cidr)
        for zone, cidr in {"a": "10.0.1.0/24", "c": "10.0.2.0/24"}.items()
    ]
    cluster = eks.Cluster(
        "dev",
        name="dev",
        version="1.36",
        role_arn=nodes.arn,
        vpc_config=eks.ClusterVpcConfigArgs(subnet_ids=[subnet.id for subnet in subnets]),
    )
    pool = eks.NodeGroup(
        "gpu",
        cluster_name=cluster.name,
        node_role_arn=nodes.arn,
        subnet_ids=[subnet.id for subnet in subnets],
        scaling_config=eks.NodeGroupScalingConfigArgs(min_size=0, max_size=2, desired_size=0),
        instance_types=["g5.xlarge"],
        version="1.36",
        labels={"pool": "gpu", "old": "1"},
    )
    addon = eks.Addon("dns", cluster_name=cluster.name, addon_name="coredns")
    pulumi.export("endpoint", cluster.endpoint)
    pulumi.export("security", cluster.vpc_config.cluster_security_group_id)
    pulumi.export("group", pool.resources[0].autoscaling_groups[0].name)
"""


def test_a_pool_is_changed_in_place_replaced_and_found_gone(account: Account) -> None:
    empty = account.inventory()
    project = account.project
    project.write(POOL)
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("preview", "--expect-no-changes")
    (before,) = account.inventory()["eks dev nodegroups"]

    changed = POOL.replace("max_size=2", "max_size=5").replace('"old": "1"', '"new": "2"')
    project.write(changed.replace('"1.36"', '"1.37"'))
    preview = project.pulumi("preview", "--diff").stdout
    assert "~ 2 to update" in preview
    assert "to replace" not in preview
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("preview", "--expect-no-changes")
    group = account.call("eks", "describe_nodegroup", clusterName="dev", nodegroupName=before)[
        "nodegroup"
    ]
    assert group["labels"] == {"pool": "gpu", "new": "2"}
    assert group["scalingConfig"]["maxSize"] == 5

    project.write(changed.replace('"1.36"', '"1.37"').replace("g5.xlarge", "g5.2xlarge"))
    assert "+-1 to replace" in project.pulumi("preview").stdout
    done = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert done.index("created replacement") < done.index("deleted original")
    (after,) = account.inventory()["eks dev nodegroups"]
    assert after != before

    # Behind Pulumi's back.
    account.call("eks", "delete_nodegroup", clusterName="dev", nodegroupName=after)
    assert "- 1 deleted" in project.pulumi("refresh", "--yes").stdout
    assert "+ 1 to create" in project.pulumi("preview").stdout
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty


NAS = """
    from pulumi_aws import efs

    files = efs.FileSystem("models", tags={"Name": "models"})
    efs.AccessPoint(
        "models",
        file_system_id=files.id,
        posix_user=efs.AccessPointPosixUserArgs(uid=1000, gid=1000),
        root_directory=efs.AccessPointRootDirectoryArgs(
            path="/nas",
            creation_info=efs.AccessPointRootDirectoryCreationInfoArgs(
                owner_uid=1000, owner_gid=1000, permissions="0770"
            ),
        ),
        tags={"Name": "models"},
    )
"""


def test_another_way_into_a_file_system_replaces_that_alone(account: Account) -> None:
    empty = account.inventory()
    project = account.project
    project.write(NAS)
    project.pulumi("up", "--yes", "--skip-preview")
    project.pulumi("refresh", "--yes", "--expect-no-changes")
    project.pulumi("preview", "--expect-no-changes")
    (door,) = account.call("efs", "describe_access_points")["AccessPoints"]
    assert door["PosixUser"] == {"Uid": 1000, "Gid": 1000}
    assert door["RootDirectory"]["CreationInfo"]["Permissions"] == "0770"
    project.write(NAS.replace('path="/nas"', 'path="/other"'))
    said = project.pulumi("up", "--yes", "--skip-preview").stdout
    assert "+-1 replaced" in said
    assert "2 unchanged" in said  # the file system and the stack
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert account.inventory() == empty


def test_a_resource_is_imported(account: Account) -> None:
    account.call("logs", "create_log_group", logGroupName="/easymaker/api")
    account.call("logs", "put_retention_policy", logGroupName="/easymaker/api", retentionInDays=30)
    project = account.project
    project.write("""
        import pulumi
        from pulumi_aws import cloudwatch

        cloudwatch.LogGroup(
            "api",
            name="/easymaker/api",
            retention_in_days=30,
            opts=pulumi.ResourceOptions(import_="/easymaker/api"),
        )
    """)
    assert "= 1 imported" in project.pulumi("up", "--yes", "--skip-preview").stdout
    project.pulumi("preview", "--expect-no-changes")


def test_what_the_provider_would_refuse_is_refused(account: Account) -> None:
    project = account.project
    project.write("""
        import pulumi

        class Raw(pulumi.CustomResource):
            def __init__(self, kind, name, **given):
                super().__init__(kind, name, given)

        Raw("aws:eks/nodeGroup:NodeGroup", "b", clusterName="c", nodeRoleArn="r",
            subnetIds="subnet-1", scalingConfig={"minSize": 0, "maxSise": 1})
    """)
    output = project.pulumi("preview", check=False).stdout
    for told in (
        "scalingConfig.desiredSize is required and was not given",
        "scalingConfig.maxSise is not known to the provider",
        "subnetIds is to be a list, not 'subnet-1'",
    ):
        assert told in output, output


def test_a_prefix_of_names_is_refused(account: Account) -> None:
    """pulumi-aws gives no name of its own beside one: no call here does that."""
    account.project.write("""
        from pulumi_aws import ec2

        ec2.LaunchTemplate("gpu", name_prefix="gpu-")
    """)
    output = account.project.pulumi("preview", check=False).stdout
    assert "namePrefix is taken by no call of this plugin" in output, output


def test_a_secret_stays_one(account: Account) -> None:
    project = account.project
    project.write("""
        import pulumi
        from pulumi_aws import ec2

        ec2.Vpc("net", cidr_block=pulumi.Output.secret("10.77.0.0/16"))
    """)
    project.pulumi("up", "--yes", "--skip-preview")
    assert "10.77.0.0/16" not in project.pulumi("stack", "export").stdout
    project.pulumi("preview", "--expect-no-changes")
