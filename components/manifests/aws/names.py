"""Names and identities on AWS."""

import hashlib

from schemas.partition import partition


def managed_policy(region: str, name: str) -> str:
    """The ARN of a policy that AWS keeps; `name` with its path."""
    return f"arn:{partition(region)}:iam::aws:policy/{name}"


def shortened(name: str, length: int) -> str:
    """The name, cut with a hash of the whole where AWS allows fewer characters."""
    if len(name) <= length:
        return name
    tail = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: length - 9].rstrip('-')}-{tail}"


def bucket_name(cluster: str, name: str, account: str) -> str:
    """Buckets share one name space with everybody's; the account makes the name ours."""
    return f"{cluster}-{name}-{account}"
