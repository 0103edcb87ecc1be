"""Every tool. A new one is one entry here and one folder with its go.mod in tools/modules/."""

from tools.toolchain import elsewhere
from tools.toolchain.kinds import MODULES, GoModuleFiles, GoProgram, Tool

_COMPONENTS = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubectl",
    "etcd",
)
_PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_CONTAINERD = "github.com/containerd/containerd/v2"

# In the order in which they are built, the long ones first.
TOOLS: tuple[Tool, ...] = (
    GoProgram(
        name="pulumi",
        module="github.com/pulumi/pulumi/pkg/v3",
        # The language host is our own: Pulumi's is in a module that is not served.
        packages=("github.com/pulumi/pulumi/pkg/v3/cmd/pulumi", "./pulumi-language-python"),
        files=("pulumi-language-python/run_program.py",),
        tags="osusergo,grpcnotrace",
        # An empty version would make the SDK's automation API refuse the program.
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "v{version}"},
        elsewhere=elsewhere.pulumi_on_path,
        disk_megabytes=5000,
    ),
    GoProgram(
        name="kubernetes",
        module="k8s.io/kubernetes",
        variables={
            "k8s.io/component-base/version.gitVersion": "v{version}",
            "k8s.io/component-base/version.gitMajor": "{major}",
            "k8s.io/component-base/version.gitMinor": "{minor}",
        },
        links=_COMPONENTS,
        linux_only=True,
        disk_megabytes=4000,
    ),
    GoProgram(
        name=elsewhere.PROVIDER,
        module=_PROVIDER,
        shown_version=elsewhere.PROVIDER_VERSION,
        elsewhere=elsewhere.installed_provider,
        install=elsewhere.install_provider,
        embed=("cmd/pulumi-resource-kubernetes/schema.json", "schema-embed.json"),
        variables={"main.version": "{version}", f"{_PROVIDER}/pkg/version.Version": "v{version}"},
        # A third of what it is made of, all of it generated, and run once if ever.
        not_inlined="github.com/pulumi/pulumi-kubernetes/sdk/...",
        disk_megabytes=5000,
    ),
    GoProgram(
        name="containerd",
        module=_CONTAINERD,
        packages=tuple(
            f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")
        ),
        tags="no_btrfs,no_devmapper,no_zfs",
        variables={f"{_CONTAINERD}/version.Version": "v{version}"},
        linux_only=True,
        disk_megabytes=900,
    ),
    # These stand in Kubernetes' module: most of their packages are compiled for it anyway.
    GoProgram(
        name="local-path-provisioner",
        module="github.com/rancher/local-path-provisioner",
        folder=MODULES / "kubernetes",
        packages=("github.com/rancher/local-path-provisioner",),
        linux_only=True,
        disk_megabytes=300,
    ),
    GoProgram(
        name="coredns",
        module="github.com/coredns/coredns",
        folder=MODULES / "kubernetes",
        packages=("./coredns",),
        linux_only=True,
        disk_megabytes=500,
    ),
    GoProgram(
        name="kube-router",
        module="github.com/cloudnativelabs/kube-router/v2",
        folder=MODULES / "kubernetes",
        packages=("github.com/cloudnativelabs/kube-router/v2/cmd/kube-router",),
        linux_only=True,
        disk_megabytes=500,
    ),
    GoModuleFiles(
        name="gateway-api-crds",
        module="sigs.k8s.io/gateway-api",
        files="config/crd/standard/*.yaml",
        disk_megabytes=50,
    ),
    # For clusters whose nodes Karpenter makes; of the release that `schemas.addons` pins.
    GoModuleFiles(
        name="karpenter-crds",
        module="github.com/aws/karpenter-provider-aws",
        files="pkg/apis/crds/*.yaml",
        on_demand=True,
        disk_megabytes=50,
    ),
    GoProgram(
        name="metrics-server",
        module="sigs.k8s.io/metrics-server",
        packages=("sigs.k8s.io/metrics-server/cmd/metrics-server",),
        linux_only=True,
        on_demand=True,
        disk_megabytes=700,
    ),
    GoProgram(
        name="oauth2-proxy",
        module="github.com/oauth2-proxy/oauth2-proxy/v7",
        packages=("github.com/oauth2-proxy/oauth2-proxy/v7",),
        on_demand=True,
        disk_megabytes=1000,
    ),
    GoProgram(
        name="registry",
        module="github.com/distribution/distribution/v3",
        packages=("github.com/distribution/distribution/v3/cmd/registry",),
        linux_only=True,
        on_demand=True,
        disk_megabytes=1000,
    ),
)
