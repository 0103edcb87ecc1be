"""What a platform team owns: the cluster and its gateway, storage, images, flavors and limits."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas import cluster_types as c
from schemas import types as t
from schemas.base import StrictModel
from schemas.compute import Flavor, Framework, Image, Pool, Serving
from schemas.effects import IN_PLACE, Cost, Effect, OnChange
from schemas.limits import Limits
from schemas.logs import Logs
from schemas.sign_in import SignIn
from schemas.storage import Nas, ObjectStorage
from schemas.units import parse_duration


class KubernetesTarget(StrictModel):
    elsewhere: ClassVar[dict[str, str]] = {"cluster_stack": "it is for type: aws"}
    type: Literal["kubernetes"]
    """A Kubernetes cluster that exists."""
    context: t.Word
    """Context of the kubeconfig, found as kubectl does: KUBECONFIG, else ~/.kube/config."""


class AwsTarget(StrictModel):
    type: Literal["aws"]
    """An EKS cluster that a stack of this project made."""
    cluster_stack: c.StackName
    """Pulumi stack of the cluster, such as `organization/easymaker/cluster-dev`: its outputs say
    where the cluster is, and what there is beside it."""
    context: t.Word | None = None
    """Context of the kubeconfig to reach the cluster by, for proxies or sign-ins of one's own.
    Without it the cluster stack's way counts, which signs in with the AWS command line."""


Target = Annotated[KubernetesTarget | AwsTarget, Field(discriminator="type")]


class Certificate(StrictModel):
    secret: c.ObjectName
    """Secret (kubernetes.io/tls) of the workspace's namespace that holds it; Gateways of the
    Gateway's namespace may read it."""
    issuer: c.ObjectName | None = None
    """Issuer of cert-manager's that fills the Secret. Without it the Secret must exist."""
    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """Kind of the issuer. Defaults to one of the whole cluster."""


class Gateway(StrictModel):
    namespace: c.ObjectName
    """Namespace of the Gateway."""
    name: c.ObjectName
    """Name of a Gateway (gateway.networking.k8s.io) that exists."""
    listener: c.ObjectName
    """Listener that the routes attach to."""
    pod_selector: Annotated[dict[c.LabelKey, c.LabelValue], Field(min_length=1)]
    """Labels of the gateway's pods: NetworkPolicies let them reach notebooks and stages."""
    address: c.HostPort | None = None
    """Where the gateway answers, to check routes at; the Host header says which is meant. Without
    it, on AWS, that is the load balancer of the cluster stack."""
    tls: bool = False
    """Whether the listener speaks HTTPS. Defaults to no: URLs start with http://."""
    certificate: Certificate | None = None
    """Certificate of the workspace's hosts, for a listener that speaks HTTPS and names its Secret.
    Without it the listener has its own."""


AWS_GATEWAY = Gateway(
    namespace="easymaker-gateway",
    name="easymaker",
    listener="http",
    pod_selector={"app.kubernetes.io/name": "traefik"},
)
"""What the add-ons of a cluster on AWS bring."""


class ApiGateway(StrictModel):
    rate: Annotated[t.Whole, t.between(1, 10_000)] = 100
    """Requests a second that each stage of an endpoint takes in the long run; more are answered
    with 429. Defaults to 100; what the account may take in all is AWS's business."""
    burst: Annotated[t.Whole, t.between(1, 5_000)] = 200
    """Requests that it takes at once beyond that. Defaults to 200."""
    jwt_authorizer: bool = False
    """Whether API Gateway checks the tokens of endpoints with `access.jwt` and a `jwks_url`, before
    anything gets in; stages check them anyway. Its issuer must be on the internet, under https and
    with a discovery document, and sign with RSA keys that its tokens name (`kid`): others are
    refused there. Defaults to no."""
    certificate: c.Certificate | None = None
    """ARN of a certificate (ACM, in the cluster's region) for `*.<workspace>.<domain>`: each
    endpoint then answers at its own host, and its stages below it. Without it they have addresses
    of AWS's."""


class StorageClasses(StrictModel):
    block: c.ObjectName | None = None
    """StorageClass of notebook volumes. Without it the cluster's default class is used."""
    shared: c.ObjectName | None = None
    """StorageClass of volumes that several pods mount. Without it the cluster's default is used."""


class CaBundle(StrictModel):
    config_map: c.ObjectName
    """ConfigMap of the workspace's namespace that holds the certificates."""
    key: c.SecretKey = "ca.crt"
    """Key of its data. Defaults to `ca.crt`."""


class Egress(StrictModel):
    cidr: c.Cidr
    """Addresses that pods may reach."""
    ports: Annotated[list[Annotated[t.Whole, t.between(1, 65535)]], Field(min_length=1)]
    """TCP ports that pods may reach there."""


class Packages(StrictModel):
    python_index: c.Url | None = None
    """Index for `pip install`. Without it pip uses its own default."""
    ca_bundle: CaBundle | None = None
    """Certificates to trust beside the image's. Without it the image's alone count."""
    egress: dict[t.EntryName, Egress] = Field(default_factory=dict)
    """What pods may reach outside the cluster, by name. Defaults to object storage and DNS."""


class Quotas(StrictModel):
    cpu: t.Cpu | None = None
    """CPU that all that runs may reserve. Without it there is no bound."""
    memory: t.Memory | None = None
    """Memory that all that runs may reserve. Without it there is no bound."""
    gpu: Annotated[t.Whole, t.between(0, 100_000)] | None = None
    """GPUs that all that runs may use. Without it there is no bound."""
    storage: Annotated[t.Whole, t.between(0, 100_000_000)] | None = None
    """GB of notebook data volumes. Without it there is no bound."""


class Platform(StrictModel):
    region: t.Word = "kr1"
    """EM_REGION of every training. Defaults to NHN Cloud's `kr1`, which scripts expect."""
    app_key: t.Word = "easymaker"
    """EM_APPKEY of every training. Defaults to `easymaker`."""
    target: Target
    """The cluster that everything runs on."""
    create_namespace: bool = True
    """Whether the program makes the namespace. With false it must exist, and stays at the end.
    Defaults to making it."""
    security: Literal["baseline", "restricted"] = "baseline"
    """Pod Security level: `restricted` runs pods as uid 1000. Defaults to running them as the
    image's user, which EasyMaker's scripts expect."""
    domain: c.Domain
    """Hosts are `<name>.<workspace>.<domain>`."""
    gateway: Gateway | None = None
    """The Gateway that routes attach to. Without it, on AWS, that is the one that the cluster's
    add-ons bring."""
    api_gateway: ApiGateway = ApiGateway()
    """On AWS, what stands before endpoints. Defaults to 100 requests a second."""
    access: SignIn | None = None
    """Who may open notebooks and TensorBoards. Defaults to whoever has their tokens."""
    storage_classes: StorageClasses = StorageClasses()
    """StorageClasses of volumes. Without it the cluster's default class is used."""
    object_storage: dict[c.StorageHost, ObjectStorage] = Field(default_factory=dict)
    """Where the hosts of `obs://` addresses are, by host; `s3.amazonaws.com` is where `s3://` is.
    Defaults to none: `obs://` is refused; on AWS `s3://` is the S3 of the cluster's region."""
    system_path: t.ObsAddress
    """Prefix of the platform's own: TensorBoard events and archived logs."""
    nas: dict[t.EntryName, Nas] = Field(default_factory=dict)
    """Where `nas://` addresses are, by NAS id. Defaults to none: `nas://` is refused."""
    built_images: dict[t.EntryName, c.FullImage] = Field(default_factory=dict)
    """Images that this project builds, by name; comes from a lock file that `emctl images` writes.
    Defaults to none."""
    images: dict[t.EntryName, Image] = Field(default_factory=dict)
    """Images that trainings and notebooks choose from. Defaults to none."""
    serving: dict[Framework, Serving] = Field(default_factory=dict)
    """Servers of models, by framework. Defaults to none: stages are refused."""
    flavors: dict[t.EntryName, Flavor] = Field(default_factory=dict)
    """Sizes that trainings, stages and notebooks choose from. Defaults to none."""
    pools: dict[t.EntryName, Pool] = Field(default_factory=dict)
    """Groups of nodes that flavors choose from. Defaults to none."""
    packages: Packages = Packages()
    """Where packages come from. Defaults to pip's own index and no way out."""
    quotas: Quotas = Quotas()
    """What the workspace may use in all; everything whose state is running counts, a stage with
    one instance more. Defaults to no bounds."""
    retention: t.Duration = parse_duration("7d")
    """Pods of trainings that have ended stay so long; the Jobs, which are the record that they ran,
    and the archived logs stay longer. Defaults to 7d."""
    logs: Logs | None = None
    """Where records of log management are sent. Without it they are in the pods' logs and in the
    archive alone."""
    limits: Limits = Limits()
    """Ranges of values. Defaults to EasyMaker's."""


_NEXT = OnChange(Effect.IN_PLACE, "trainings follow with their next revision")
_USERS = OnChange(
    Effect.RESTART,
    "notebooks that use it restart and stages are replaced instance by instance; trainings follow "
    "with their next revision",
    (Cost.WORK_INTERRUPTED,),
)
_STAGES = OnChange(
    Effect.RESTART,
    "stages that use it are replaced instance by instance; serving goes on, and trainings follow "
    "with their next revision",
)
EVERYTHING = (
    Cost.DATA_LOST,
    Cost.RUN_REPEATED,
    Cost.SERVING_INTERRUPTED,
    Cost.WORK_INTERRUPTED,
)
ANOTHER_WAY = OnChange(Effect.IN_PLACE, "the same cluster is reached another way")
"""Of `target.context` on AWS, where the cluster is the stack's."""
CHANGES = {
    "region": _NEXT,
    "app_key": _NEXT,
    "target": OnChange(
        Effect.REPLACE,
        "on another cluster everything is made anew, and notebook volumes are lost",
        EVERYTHING,
    ),
    "create_namespace": OnChange(
        Effect.REFUSED, "a namespace belongs to who made it; another workspace can be different"
    ),
    "security": _USERS,
    "domain": OnChange(
        Effect.IN_PLACE,
        "every URL changes; the old ones stop answering",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "gateway": OnChange(
        Effect.IN_PLACE,
        "routes move; calls may fail until the new ones answer",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "api_gateway": OnChange(
        Effect.IN_PLACE,
        "limits count at once; with another certificate the URLs of endpoints may change, and with "
        "`jwt_authorizer` tokens that API Gateway can't check are refused",
        (Cost.SERVING_INTERRUPTED,),
    ),
    "access": OnChange(
        Effect.RESTART,
        "notebooks and TensorBoards restart; people sign in anew",
        (Cost.WORK_INTERRUPTED,),
    ),
    "storage_classes": OnChange(
        Effect.REFUSED, "a volume keeps its class; a new notebook can have another"
    ),
    "object_storage": _STAGES,
    "system_path": OnChange(
        Effect.RESTART,
        "TensorBoards and the reader of logs restart and show what is written from then on",
    ),
    "nas": OnChange(
        Effect.REFUSED, "a NAS in use keeps its place; another one gets an id of its own"
    ),
    "built_images": _STAGES,
    "images": _USERS,
    "serving": _STAGES,
    "flavors": _USERS,
    "pools": _USERS,
    "packages": _USERS,
    "quotas": IN_PLACE,
    "retention": IN_PLACE,
    "logs": IN_PLACE,
    "limits": IN_PLACE,
}
