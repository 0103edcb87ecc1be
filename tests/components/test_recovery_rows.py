"""What programs on AWS make and how it is found after a kill, type by type."""

from dataclasses import replace
from pathlib import Path

from cli.recovery.rows import ROWS
from schemas.platform import ApiGateway
from schemas.resolved_cluster import Cluster
from tests.components import test_api
from tests.support import account, cluster_graph, cluster_stack


def types_of_clusters(spec: Cluster) -> set[str]:
    pools = {**spec.pools, "cpu": replace(spec.pools["cpu"], system=True)}
    other = replace(spec, provisioner="karpenter", pools=pools)
    return {
        node.type for each in (spec, other) for node in cluster_graph.graph(each).nodes.values()
    }


def types_of_workspaces(folder: Path) -> set[str]:
    spec = cluster_stack.workspace(folder, test_api.STAGES, test_api.JWT)
    gateway = ApiGateway(certificate=test_api.CERTIFICATE, jwt_authorizer=True)
    other = replace(spec, platform=replace(spec.platform, api_gateway=gateway))
    return {node.type for each in (spec, other) for node in test_api.graph(each).nodes.values()}


def test_each_type_that_programs_make_has_a_row_and_no_other(tmp_path: Path) -> None:
    made = types_of_clusters(account.load(tmp_path)) | types_of_workspaces(tmp_path)
    assert {type_ for type_ in made if type_.startswith("aws:")} == ROWS.keys()
