# SPDX-License-Identifier: Apache-2.0
"""A guest on a tap that is deaf before its move is the suite's problem; after its move it is a finding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.attempt.attempt import Attempt
from fixtures.attempt.network import AFTER_FRAMES, BEFORE_FRAMES, LOOKS, NetworkUnderMove
from fixtures.errors import RigError
from fixtures.evidence.checks import Check
from fixtures.evidence.timeline import Mark, Timeline
from fixtures.evidence.traffic import Burst, Frame
from fixtures.matrix.nics import VIRTIO
from suites.harness.support.traffic_samples import (
    BOUNDS,
    DESTINATION,
    PRESENTED,
    SOURCE,
    STOPPED,
    good_frames,
)

FEATURES = "1" + "0" * 20 + "1"
"""CSUM and GUEST_ANNOUNCE."""


class ScriptedNetwork:
    """A network on which a good move was seen, unless told otherwise."""

    nic, flows = VIRTIO, 1

    def __init__(self) -> None:
        self.ports = {"source": SOURCE, "destination": DESTINATION}
        self.came = [BEFORE_FRAMES, 1, AFTER_FRAMES]
        self.taps = {"source": frozenset({"tx-checksum-ip-generic"})}
        self.taps["destination"] = self.taps["source"]
        self.seen: Sequence[Frame] = good_frames()
        self.bursts = [Burst("", 7, 5), Burst("", 6, 8)]
        self.broken: list[tuple[int, list[str]]] = [(0, []), (0, [])]

    def starts(self) -> None:
        """Nothing to do."""

    def answered(self, _frames: int, _seconds: float) -> tuple[int, range]:
        """As scripted."""
        return self.came.pop(0), range(300)

    def burst(self, _seconds: float) -> Burst:
        """As scripted."""
        return self.bursts.pop(0) if len(self.bursts) > 1 else self.bursts[0]

    def damaged(self) -> tuple[int, list[str]]:
        """As scripted."""
        return self.broken.pop(0)

    def offloads(self, label: str) -> frozenset[str]:
        """As scripted."""
        return self.taps[label]

    def frames(self) -> Sequence[Frame]:
        """As scripted."""
        return self.seen


@pytest.fixture
def network() -> ScriptedNetwork:
    """What the bridge saw."""
    return ScriptedNetwork()


@pytest.fixture
def attempt(network: ScriptedNetwork, tmp_path: Path) -> Any:
    """An attempt whose guest moves well."""
    agent = SimpleNamespace(ask=lambda *_words, **_arguments: {"features": FEATURES})
    machine = SimpleNamespace(label="source", asking_taints=False, interrupts=lambda: PRESENTED)
    guest = SimpleNamespace(agent=agent, machine=machine)
    ends = {label: SimpleNamespace(label=label) for label in ("source", "destination")}
    return SimpleNamespace(
        guest=guest,
        network=network,
        figures={"silence around it ms": BOUNDS.silence * 1000},
        patched=SimpleNamespace(
            blackout=SimpleNamespace(ms=40.0), move=SimpleNamespace(started=BOUNDS.started, **ends)
        ),
        timeline=Timeline("move", [Mark(STOPPED, "source", "STOP")]),
        record=lambda check: check,
        setting=SimpleNamespace(
            host=SimpleNamespace(evidence=tmp_path), spec=SimpleNamespace(arch="ppc64le")
        ),
    )


def moved(attempt: Any) -> list[str]:
    """The names of the checks that fail after the move."""
    under_move = NetworkUnderMove(cast("Attempt", attempt))
    under_move.is_used()
    attempt.guest.machine.label = "destination"
    patched, attempt.patched = attempt.patched, None
    attempt.when_moved()
    attempt.patched = patched
    return [check.name for check in under_move.checks() if not check]


def test_good_move_passes(attempt: Any, tmp_path: Path) -> None:
    """Lose this and the checks below fail whatever happens."""
    assert moved(attempt) == []
    assert attempt.figures["offloads"] == 2
    assert '"CSUM","GUEST_ANNOUNCE"' in (tmp_path / "network.json").read_text()


def test_stop_is_known_of_a_domain_too(attempt: Any) -> None:
    """Lose this and the gap of a guest of libvirt is measured from the beginning of its move."""
    attempt.timeline = Timeline("move", [Mark(STOPPED, "source", "suspended migrated")])
    assert moved(attempt) == []
    at_qmp = attempt.figures["gap of frames at the switchover ms"]
    attempt.timeline = Timeline("move", [Mark(STOPPED, "source", "STOP")])
    attempt.network.came = [BEFORE_FRAMES, 1, AFTER_FRAMES]
    attempt.network.bursts, attempt.network.broken = [Burst("", 7, 5)] * 2, [(0, [])] * 2
    attempt.guest.machine.label = "source"
    assert moved(attempt) == []
    assert attempt.figures["gap of frames at the switchover ms"] == at_qmp


def test_guest_that_is_deaf_before_its_move_is_no_finding(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and the suite's own mistake counts against an update."""
    network.came = [BEFORE_FRAMES - 1]
    with pytest.raises(RigError, match=r"sent back 249 of 300 frames on its tap before any move"):
        moved(attempt)


def test_guest_that_is_deaf_after_its_move_is_found(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and a card that hears nothing any more passes."""
    network.came = [BEFORE_FRAMES, 0, 0, 0, 3]
    network.seen = [frame for frame in good_frames() if frame.port == SOURCE]
    assert moved(attempt)[0] == "network"


def test_each_check_can_fail(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and a defect of the network is seen but not reported."""
    network.taps["destination"] = frozenset()
    numbered = [frame for frame in good_frames() if frame.what == "numbered"]
    network.seen = [frame for frame in numbered if not (frame.from_guest and frame.number == 700)]
    assert moved(attempt) == ["frames", "announcement", "offloads"]


@pytest.mark.parametrize(
    "after, damaged, failed",
    [
        (Burst("3 of 9 bytes came back in time", 0, 0), 0, ["stream"]),
        (Burst("", 6, 0), 0, ["stream"]),
        (Burst("", 0, 8), 0, ["stream"]),
        (Burst("", 6, 8), 2, ["frames"]),
    ],
)
def test_bytes_and_segments_are_compared(
    after: Burst, damaged: int, failed: list[str], attempt: Any, network: ScriptedNetwork
) -> None:
    """Lose this and a card that damages what it carries, or splits segments, passes."""
    network.bursts[1], network.broken[1] = after, (damaged, ["frame 7"] * damaged)
    assert moved(attempt) == failed


def test_card_without_segmentation_need_not_carry_segments(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and each card but virtio fails."""
    network.bursts = [Burst("", 0, 0), Burst("", 0, 0)]
    assert moved(attempt) == []


def test_small_segments_may_be_chance(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and a busy host, on which TCP sends little at once, makes a good card fail."""
    network.bursts[1:] = [Burst("", 0, 0), Burst("", 2, 0), Burst("", 0, 1)]
    assert moved(attempt) == []


def test_stream_that_breaks_later_is_found(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and a connection that broke is said to have small segments."""
    network.bursts[1:] = [Burst("", 0, 0), Burst("the connection broke", 2, 2)]
    assert moved(attempt) == ["stream"]


def test_network_that_damages_before_the_move_is_no_finding(attempt: Any, network: ScriptedNetwork) -> None:
    """Lose this and a mistake of the suite counts against a build."""
    network.broken[0] = (1, ["frame 7 came back with another byte"])
    with pytest.raises(RigError, match="before any move 1 frames came back damaged: frame 7"):
        moved(attempt)


@pytest.fixture
def silent(network: ScriptedNetwork) -> ScriptedNetwork:
    """Nothing comes back for most of a second after the switchover."""
    network.seen = [
        replace(each, at=1.7) if each.from_guest and 1.04 < each.at < 1.7 else each for each in good_frames()
    ]
    return network


def gap_of(attempt: Any) -> Check:
    """The check of frames that failed."""
    checks: list[Check] = []

    def record(check: Check) -> Check:
        checks.append(check)
        return check

    attempt.record = record
    assert moved(attempt) == ["frames"]
    return next(check for check in checks if not check)


def test_gap_by_an_interrupt_that_was_lost_says_so(
    attempt: Any, silent: ScriptedNetwork, tmp_path: Path
) -> None:
    """Lose this and a guest that TCG made deaf for seconds counts against the update."""
    silent.came = [BEFORE_FRAMES, 0, 0, 0, AFTER_FRAMES]
    assert gap_of(attempt).detail.endswith("XIVE presents vCPU 0 an interrupt that it does not take")
    assert (tmp_path / "interrupts.txt").read_text().count(PRESENTED) == LOOKS


def test_gap_of_a_guest_that_takes_its_interrupts_stays_one(attempt: Any, silent: ScriptedNetwork) -> None:
    """Lose this and every gap of a POWER guest is excused."""
    silent.came = [BEFORE_FRAMES, 0, 1, AFTER_FRAMES]
    assert "XIVE" not in gap_of(attempt).detail
