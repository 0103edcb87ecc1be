"""The clouds of AWS: names of resources (ARNs) begin with that of a region's."""

_OTHERS = {
    # Names of services end in amazonaws.com.cn there.
    "cn-": "aws-cn",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "us-gov-": "aws-us-gov",
}
SUPPORTED = ("aws", "aws-us-gov")


def partition(region: str) -> str:
    """Of a region: `aws` for most."""
    return next((own for start, own in _OTHERS.items() if region.startswith(start)), "aws")
