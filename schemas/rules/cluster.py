"""A cluster on AWS."""

from schemas.cluster import Cluster
from schemas.spec import Spec


def check(spec: Spec, cluster: Cluster) -> None:
    pass
