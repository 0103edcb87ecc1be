"""The link between the host and a cluster's node, and the host's part in its traffic."""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from tools.process import run

PREFIX = "easymaker"


@dataclass(frozen=True)
class Links:
    """Addresses and host side of the cluster with this index (0 to 255).

    The node's address is reachable from the host; pods and services are the node's own matter.
    """

    index: int

    @property
    def interface(self) -> str:
        """The host's end of the link."""
        return f"{PREFIX}{self.index}"

    @property
    def host_ip(self) -> str:
        return f"10.190.{self.index}.1"

    @property
    def node_ip(self) -> str:
        return f"10.190.{self.index}.2"

    @property
    def node_cidr(self) -> str:
        return f"10.190.{self.index}.0/30"

    @property
    def pod_cidr(self) -> str:
        return f"10.191.{self.index}.0/24"

    @property
    def service_cidr(self) -> str:
        """Room for 4,094 services: a notebook, a stage and a TensorBoard have one each."""
        return f"{self._services}.0/20"

    def service_ip(self, number: int) -> str:
        """An address of the service range that is fixed, 1 to 254."""
        return f"{self._services}.{number}"

    @property
    def _services(self) -> str:
        return f"10.{192 + self.index // 16}.{16 * (self.index % 16)}"

    @staticmethod
    def any_up() -> bool:
        """Whether any cluster's link is there."""
        return any(p.name.startswith(PREFIX) for p in Path("/sys/class/net").iterdir())

    def owner(self) -> str | None:
        """The folder of the cluster whose link is up under this index, None if there is none."""
        if not (Path("/sys/class/net") / self.interface).exists():
            return None
        alias = (Path("/sys/class/net") / self.interface / "ifalias").read_text().strip()
        return alias or "another program"

    def is_free(self) -> bool:
        """Whether neither a cluster nor the host's own network uses this index' subnets."""
        if self.owner() is not None:
            return False
        wanted = [ipaddress.ip_network(c) for c in (self.node_cidr, self.pod_cidr)]
        for route in json.loads(run(["ip", "-json", "route", "show", "table", "all"])):
            try:
                network = ipaddress.ip_network(route["dst"], strict=False)
            except (KeyError, ValueError):
                continue  # the default route, or a word such as `local`
            if any(network.version == w.version and network.overlaps(w) for w in wanted):
                return False
        return True

    def create(self, net: Path, owner: Path, inside: list[str]) -> None:
        """Connect the namespace whose handle is `net`, and let its traffic out through the host."""
        self.remove()
        host, node = self.interface, "node0"
        run(["ip", "link", "add", host, "type", "veth", "peer", "name", node, "netns", net])
        run(["ip", "link", "set", host, "alias", str(owner)])
        run(["ip", "addr", "add", f"{self.host_ip}/30", "dev", host])
        run(["ip", "link", "set", host, "up"])
        run([*inside, "ip", "addr", "add", f"{self.node_ip}/30", "dev", node])
        run([*inside, "ip", "link", "set", node, "up"])
        run([*inside, "ip", "route", "add", "default", "via", self.host_ip])
        run([*inside, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
        # One table of our own, so that taking it away leaves no trace.
        run(
            ["nft", "-f", "-"],
            stdin=f"""
            table ip {self.interface} {{
              chain postrouting {{
                type nat hook postrouting priority srcnat;
                ip saddr {self.node_cidr} oifname != "{host}" masquerade
              }}
            }}
            """,
        )

    def is_complete(self, owner: Path) -> bool:
        """Whether `create` was carried out to its end for this owner."""
        if self.owner() != str(owner):
            return False
        tables = json.loads(run(["nft", "--json", "list", "tables"]))["nftables"]
        return any(t.get("table", {}).get("name") == self.interface for t in tables)

    def remove(self) -> None:
        """Take link and rules away; the node's end goes with the host's."""
        if self.owner() is not None:
            run(["ip", "link", "delete", self.interface])
        tables = json.loads(run(["nft", "--json", "list", "tables"]))["nftables"]
        if any(t.get("table", {}).get("name") == self.interface for t in tables):
            run(["nft", "delete", "table", "ip", self.interface])
