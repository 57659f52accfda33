# SPDX-License-Identifier: Apache-2.0
"""Is it seen that a guest finds other NUMA nodes after a reboot? With a made-up agent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import RigError
from fixtures.evidence.checks import Check
from fixtures.guest.numa import NUMA, Nodes, NumaNodes

TWO = {"0": "0/10,20/130684", "1": "1/20,10/126976"}


def numa_nodes(answers: list[Nodes]) -> tuple[NumaNodes, list[Check]]:
    """The nodes of a guest of two, whose agent gives these answers, and the checks that are made."""
    checks = list[Check]()

    def record(check: Check) -> Check:
        checks.append(check)
        return check

    agent: Any = SimpleNamespace(ask=lambda command: answers.pop(0) if command == "nodes" else {})
    return NumaNodes(lambda: agent, record, 2), checks


@pytest.mark.parametrize(
    "now,what",
    [
        ({**TWO, "1": "1/40,10/126976"}, "their distances"),
        ({"0": "0/10,20/130684", "1": "/20,10/126976"}, "their vCPUs"),
        ({"0": "0-1/10/257660"}, "their number"),
        ({"0": "0/10,20/126976", "1": "1/20,10/130684"}, "their memory"),
        ({}, "their number"),
    ],
)
def test_other_nodes_are_found(now: Nodes, what: str) -> None:
    """Lose this and a guest that has lost a node, or whose vCPUs sit in another one, passes."""
    nodes, checks = numa_nodes([TWO, now])
    nodes.must_be_found()
    found = nodes.are_as_before()
    assert (found.held, found.name, found.what) == (False, NUMA, what)
    assert checks == [found]


def test_nodes_are_told() -> None:
    """Lose this and a reader cannot see which node has what."""
    nodes, _ = numa_nodes([TWO, {"0": "/10/257660"}])
    nodes.must_be_found()
    assert nodes.are_as_before().detail == (
        "the guest found node 0 with vCPUs 0, distances 10,20 and 130684 KiB; node 1 with vCPUs 1, "
        "distances 20,10 and 126976 KiB, and after its reboot node 0 with vCPUs none, distances 10 and "
        "257660 KiB"
    )


@pytest.mark.parametrize("now", [TWO, {**TWO, "1": "1/20,10/126912"}])
def test_same_nodes_hold(now: Nodes) -> None:
    """Lose this and each guest with nodes is a finding, or one whose firmware has larger tables."""
    nodes, checks = numa_nodes([TWO, now])
    nodes.must_be_found()
    assert nodes.are_as_before()
    assert len(checks) == 1


def test_guest_that_never_had_its_nodes_is_an_error() -> None:
    """Lose this and a guest of one node stands for one of two, and can lose nothing."""
    nodes, _ = numa_nodes([{"0": "0-1/10/257660"}])
    with pytest.raises(RigError, match=r"node 0 with vCPUs 0-1.* and was given 2 nodes"):
        nodes.must_be_found()
