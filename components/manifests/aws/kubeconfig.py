"""How clients reach the cluster."""

from schemas.text import to_json


def kubeconfig(*, name: str, arn: str, endpoint: str, authority: str, region: str) -> str:
    """A kubeconfig as JSON. Its one context is called by the ARN; it holds no credentials, the AWS
    CLI makes a token of the caller's own."""
    exec_ = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": [
            *("eks", "get-token", "--output", "json"),
            *("--cluster-name", name, "--region", region),
        ],
        "interactiveMode": "Never",
    }
    cluster = {"server": endpoint, "certificate-authority-data": authority}
    return to_json(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": arn, "cluster": cluster}],
            "contexts": [{"name": arn, "context": {"cluster": arn, "user": arn}}],
            "current-context": arn,
            "users": [{"name": arn, "user": {"exec": exec_}}],
        }
    )
