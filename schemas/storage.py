"""Where the addresses of a spec lead: object storage with its credentials, and NAS."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel


class FromConfig(StrictModel):
    pulumi_config: c.ConfigKey
    """Key of an encrypted value of the stack's configuration; the program makes a Secret of it."""


class FromSecret(StrictModel):
    secret: c.ObjectName
    """Name of a Secret that exists in the workspace's namespace."""
    key: c.SecretKey = ""
    """Key of the Secret's data. Defaults to `access_key` or `secret_key`."""


def credential_form(value: Any) -> str | None:
    """Which of the two ways names it; None if it is neither."""
    if isinstance(value, dict):
        return "secret" if "secret" in value else "pulumi_config"
    if isinstance(value, StrictModel):  # when it is written out again
        return "pulumi_config" if isinstance(value, FromConfig) else "secret"
    return None


Credential = Annotated[
    Annotated[FromConfig, Tag("pulumi_config")] | Annotated[FromSecret, Tag("secret")],
    Discriminator(
        credential_form,
        custom_error_type="credential",
        custom_error_message="a credential is named, never written",
    ),
]


RETRY_SECONDS = 900


class Credentials(StrictModel):
    access_key: Credential
    """User, or access key id: `{pulumi_config: KEY}` or `{secret: NAME}`, never itself."""
    secret_key: Credential
    """Password, or secret access key: `{pulumi_config: KEY}` or `{secret: NAME}`, never itself."""


class S3Storage(StrictModel):
    type: Literal["s3"]
    """An S3 endpoint."""
    endpoint: c.Url | None = None
    """URL of the endpoint, the same from pods and from where `emctl` runs. Without it
    and credentials, on AWS, it is S3 itself."""
    region: t.Word | None = None
    """Region to sign requests for. Defaults to `us-east-1`, which most servers other than AWS
    expect; without credentials to the cluster's."""
    credentials: Credentials | None = None
    """Who reads and writes. Without it, on AWS, pods have roles, each for what the spec names; an
    endpoint that is not AWS's needs it."""
    retry_time: t.Duration = RETRY_SECONDS
    """How long a run tries again when it gets no answer. Defaults to 15m."""


class SwiftStorage(StrictModel):
    type: Literal["swift"]
    """An OpenStack Swift endpoint, such as NHN Cloud's Object Storage."""
    endpoint: c.Url
    """URL of the identity service with its version, `https://HOST/v2.0`."""
    tenant: t.Word
    """Id of the tenant (project)."""
    region: t.Word
    """Region of the service catalogue, which names the storage's own address."""
    credentials: Credentials
    """Who reads and writes."""
    retry_time: t.Duration = RETRY_SECONDS
    """How long a run tries again when it gets no answer. Defaults to 15m."""


ObjectStorage = Annotated[S3Storage | SwiftStorage, Field(discriminator="type")]


class NfsNas(StrictModel):
    type: Literal["nfs"]
    """An NFS export."""
    server: c.ObjectName
    """Host name or address of the server."""
    export: c.AbsolutePath
    """Exported path that is the root of the NAS."""


class EfsNas(StrictModel):
    type: Literal["efs"]
    """An EFS file system, mounted by its CSI driver."""
    file_system: c.EfsName
    """Id of the file system, which is mounted whole, or on AWS the name that the cluster has for
    one of its own."""


class HostPathNas(StrictModel):
    type: Literal["host_path"]
    """A folder of the node, for clusters with one node."""
    path: c.AbsolutePath
    """The folder, which must exist."""


Nas = Annotated[NfsNas | EfsNas | HostPathNas, Field(discriminator="type")]
