"""The component of a cluster's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import ec2

from components.manifests.aws import subnets
from schemas import resolved_cluster


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """`zones` are those of a network that is made, `existing` is the zone of each subnet of one
    that exists."""

    spec: resolved_cluster.NewNetwork | resolved_cluster.ExistingNetwork
    region: str
    zones: Sequence[str]
    existing: Mapping[str, str]


class Network(pulumi.ComponentResource):
    """A VPC with a private and a public subnet in each zone, or one that exists.

    Nodes depend on all of it: those that start without a way out never join.

    Outputs: `vpc`, and the ids of `private_subnets` in the order of their keys: zones, or their
    own ids where they exist.

    Raises pulumi.RunError where those that exist are in too few zones.
    """

    vpc: pulumi.Output[str]
    private_subnets: Mapping[str, pulumi.Output[str]]
    one_a_zone: Mapping[str, pulumi.Output[str]]
    """Of the private subnets: load balancers and file systems take no second one in a zone."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        spec = args.spec
        new = isinstance(spec, resolved_cluster.NewNetwork)
        super().__init__("easymaker:cluster:Network", name, {"new": new}, opts)
        self._name = name
        if isinstance(spec, resolved_cluster.NewNetwork):
            self._make(spec, args)
            self._zone_of = {zone: zone for zone in args.zones}
        else:
            self.vpc = pulumi.Output.from_input(spec.vpc)
            self.private_subnets = {
                subnet: pulumi.Output.from_input(subnet) for subnet in sorted(spec.private_subnets)
            }
            self._zone_of = {key: args.existing[key] for key in self.private_subnets}
            self._check_zones()
        firsts = {zone: key for key, zone in reversed(self._zone_of.items())}
        self.one_a_zone = {key: self.private_subnets[key] for key in sorted(firsts.values())}
        outputs = {"vpc": self.vpc, "private_subnets": list(self.private_subnets.values())}
        self.register_outputs(outputs)

    def subnets_of(self, zones: Sequence[str]) -> Sequence[pulumi.Output[str]]:
        """All private subnets of those zones. Raises pulumi.RunError if there is none."""
        inside = [key for key, zone in self._zone_of.items() if zone in zones]
        if not inside:
            wanted, there = " or ".join(zones), ", ".join(sorted({*self._zone_of.values()}))
            raise pulumi.RunError(
                f"network.private_subnets: none is in {wanted} (they are in {there})"
            )
        return [self.private_subnets[key] for key in inside]

    def _check_zones(self) -> None:
        there = {*self._zone_of.values()}
        if len(there) == 1:
            (zone,) = there
            raise pulumi.RunError(
                f"network.private_subnets: all are in {zone}, EKS wants two zones at least"
            )

    def _make(self, spec: resolved_cluster.NewNetwork, args: NetworkArgs) -> None:
        name, own = self._name, pulumi.ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            name,
            cidr_block=spec.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,  # mount targets of EFS have names
            tags={"Name": name},
            opts=own,
        )
        gateway = ec2.InternetGateway(name, vpc_id=vpc.id, tags={"Name": name}, opts=own)
        ranges = subnets.plan(spec.cidr, args.zones)
        public = {
            zone: ec2.Subnet(
                f"{name}-public-{zone}",
                vpc_id=vpc.id,
                availability_zone=zone,
                cidr_block=found.public,
                tags={"Name": f"{name}-public-{zone}", "kubernetes.io/role/elb": "1"},
                opts=own,
            )
            for zone, found in ranges.items()
        }
        private = {
            zone: ec2.Subnet(
                f"{name}-private-{zone}",
                vpc_id=vpc.id,
                availability_zone=zone,
                cidr_block=found.private,
                tags={"Name": f"{name}-private-{zone}", "kubernetes.io/role/internal-elb": "1"},
                opts=own,
            )
            for zone, found in ranges.items()
        }
        self._route(f"{name}-public", vpc, public, gateway_id=gateway.id)
        nats = self._nats(
            public if spec.nat == "per_zone" else dict(list(public.items())[:1]), gateway
        )
        tables = [
            self._route(
                f"{name}-private-{zone}",
                vpc,
                {zone: subnet},
                nat_gateway_id=nats.get(zone, next(iter(nats.values()))).id,
            )
            for zone, subnet in private.items()
        ]
        # Data of trainings would otherwise go through the NAT gateway, by the gigabyte.
        ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags={"Name": f"{name}-s3"},
            opts=own,
        )
        self.vpc = vpc.id
        self.private_subnets = {zone: subnet.id for zone, subnet in private.items()}

    def _nats(
        self, public: Mapping[str, ec2.Subnet], gateway: ec2.InternetGateway
    ) -> dict[str, ec2.NatGateway]:
        made = {}
        for zone, subnet in public.items():
            name = f"{self._name}-nat-{zone}"
            # Each has an address of its own: the next one is there before this one goes.
            address = ec2.Eip(
                name, domain="vpc", tags={"Name": name}, opts=pulumi.ResourceOptions(parent=self)
            )
            made[zone] = ec2.NatGateway(
                name,
                allocation_id=address.id,
                subnet_id=subnet.id,
                tags={"Name": name},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[gateway]),
            )
        return made

    def _route(
        self,
        name: str,
        vpc: ec2.Vpc,
        members: Mapping[str, ec2.Subnet],
        *,
        gateway_id: pulumi.Output[str] | None = None,
        nat_gateway_id: pulumi.Output[str] | None = None,
    ) -> ec2.RouteTable:
        """A table by which subnets reach out."""
        own = pulumi.ResourceOptions(parent=self)
        table = ec2.RouteTable(name, vpc_id=vpc.id, tags={"Name": name}, opts=own)
        ec2.Route(
            name,
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=own,
        )
        for zone, subnet in members.items():
            ec2.RouteTableAssociation(
                f"{self._name}-{'public' if gateway_id else 'private'}-{zone}",
                route_table_id=table.id,
                subnet_id=subnet.id,
                opts=own,
            )
        return table
