"""What the scheduler and the quota say, in plain words."""

import pytest

from cli.statuses.scheduling import no_node, refused
from cli.statuses.status import Trouble

VICTIMS = "preemption: 0/{} nodes are available: {} No preemption victims found for incoming pod."
HELPLESS = "preemption: 0/{} nodes are available: {} Preemption is not helpful for scheduling."


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        (
            f"0/1 nodes are available: 1 Insufficient nvidia.com/gpu. {VICTIMS.format(1, 1)}",
            Trouble("no node has room: of 1 node, 1 has too few GPUs left", False),
        ),
        (
            "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, "
            + HELPLESS.format(1, 1),
            Trouble("no node is big enough: of 1 node, 1 has too little CPU left", True),
        ),
        (
            "0/3 nodes are available: 1 Insufficient memory, 1 Too many pods, 1 node(s) didn't "
            f"match Pod's node affinity/selector. {VICTIMS.format(3, 2)}",
            Trouble(
                "no node has room: of 3 nodes, 1 has too little memory left, 1 has too many pods, "
                "1 is not in the flavor's pool",
                False,
            ),
        ),
        (
            "0/2 nodes are available: 1 node(s) had untolerated taint "
            "{node.kubernetes.io/not-ready: }, 1 node(s) were unschedulable. "
            + HELPLESS.format(2, 2),
            Trouble(
                "no node has room: of 2 nodes, 1 is kept for others "
                "(taint node.kubernetes.io/not-ready), 1 is closed to new pods",
                False,
            ),
        ),
        (
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s). "
            + VICTIMS.format(3, 1),
            Trouble(
                "no node has room: of 3 nodes, 1 has too little CPU left, 2 are kept for others",
                False,
            ),
        ),
        (
            "0/2 nodes are available: 2 Insufficient ephemeral-storage, 2 Insufficient x.io/y. "
            + HELPLESS.format(2, 2),
            Trouble(
                "no node is big enough: of 2 nodes, 2 have too little disk left, "
                "2 have too little x.io/y left",
                True,
            ),
        ),
        (
            "0/1 nodes are available: 1 node(s) are cursed.",
            Trouble("no node has room: of 1 node, 1 node(s) are cursed", False),
        ),
        (
            "0/1 nodes are available: waiting for ephemeral volume controller to create the "
            'persistentvolumeclaim "n-0-boot". not found',
            Trouble(
                "a volume is not there yet: waiting for ephemeral volume controller to create the "
                'persistentvolumeclaim "n-0-boot"',
                False,
            ),
        ),
        (
            "no nodes available to schedule pods",
            Trouble("no node has room: no nodes available to schedule pods", False),
        ),
    ],
)
def test_scheduler(message: str, trouble: Trouble) -> None:
    assert no_node(message) == trouble


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        (
            'Error creating: pods "a-0" is forbidden: exceeded quota: q, requested: '
            "requests.memory=4Gi,requests.nvidia.com/gpu=1, used: requests.memory=6Gi,"
            "requests.nvidia.com/gpu=2, limited: requests.memory=8Gi,requests.nvidia.com/gpu=2",
            Trouble(
                "the workspace's quota is used up: asks for 4Gi memory, 6Gi of 8Gi in use, "
                "asks for 1 GPUs, 2 of 2 in use",
                False,
            ),
        ),
        (
            'create Pod n-0 in StatefulSet n failed error: pods "n-0" is forbidden: exceeded '
            "quota: q, requested: requests.cpu=2500m, used: requests.cpu=0, "
            "limited: requests.cpu=2",
            Trouble("the workspace's quota is used up: asks for 2500m CPU, 0 of 2 in use", True),
        ),
        (
            'pods "n-0" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes',
            Trouble(
                'the cluster refuses the pod: violates PodSecurity "baseline:latest": '
                "hostPath volumes",
                True,
            ),
        ),
    ],
)
def test_refusal(message: str, trouble: Trouble) -> None:
    assert refused(message) == trouble
