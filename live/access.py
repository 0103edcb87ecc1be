"""Who applies a cluster whose spec names nobody: the first one stays its administrator."""

from components.manifests.aws.access_entries import APPLIER_TAG, Applier, key_of
from live.cluster import Ask
from schemas.resolved_cluster import Cluster


async def applier(spec: Cluster, ask: Ask) -> Applier | None:
    """The IAM principal that applied the cluster first, or applies it; None if others are named."""
    if spec.access:
        return None
    caller = await ask("index/getCallerIdentity", {})
    # Of a session it is the role that counts, with its path, which the session's name lacks.
    session = await ask("iam/getSessionContext", {"arn": caller["arn"]})
    principal = str(session["issuerArn"])
    there = spec.name in (await ask("eks/getClusters", {}))["names"]
    tags = (await ask("eks/getCluster", {"name": spec.name})).get("tags") if there else None
    return Applier(principal, (tags or {}).get(APPLIER_TAG) or key_of(principal))
