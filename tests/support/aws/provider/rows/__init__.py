"""Every type that the plugin knows."""

from tests.support.aws.provider.row import Row
from tests.support.aws.provider.rows import (
    apigateway,
    balancing,
    eks,
    eks_access,
    iam,
    keys,
    network,
    scaling,
    security,
    storage,
)

ROWS: dict[str, Row] = {
    row.token: row
    for module in (
        apigateway,
        balancing,
        eks,
        eks_access,
        iam,
        keys,
        network,
        scaling,
        security,
        storage,
    )
    for row in module.ROWS
}
