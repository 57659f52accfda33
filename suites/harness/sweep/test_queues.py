# SPDX-License-Identifier: Apache-2.0
"""What is said of virtio devices that offer other queues, and how the queues are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from fixtures.machine.monitor import CommandRefused
from fixtures.still.machine import StillFailure, StillMachine
from fixtures.still.shown import Shown
from fixtures.still.virtio import Queues, queues_of
from fixtures.sweep.queues import queue_changes, queue_subjects, queues_meaning, queues_subject

MODELS = {"d1": "virtio-net-pci-transitional"}
NET = [256, 256, 64]


def _shown(queues: Queues | None) -> Shown:
    return Shown("", [], {}, {}, queues)


def _changes(old: list[int], new: list[int]) -> dict[str, str]:
    return dict(queue_changes(_shown({"d1": old}), _shown({"d1": new}), MODELS))


@pytest.mark.parametrize(
    "old, new, words",
    [
        (NET, [1024, 1024, 1024], "a guest that boots under the new build has larger queues"),
        ([1024, 1024, 1024], NET, "a guest that booted under the old build has larger queues"),
    ],
    ids=["larger", "smaller"],
)
def test_other_size_says_which_guests_and_what_happens(old: list[int], new: list[int], words: str) -> None:
    """Lose this and guests that boot after the update can never be moved again, and nobody knows."""
    change = _changes(old, new)["queues:virtio-net"]
    assert change == f"queue 2 had {old[2]} entries and has {new[2]}"
    said = queues_meaning("virtio-net", [change])
    assert said.startswith(words)
    assert said.endswith("(precopy then fails and the guest stays where it is, postcopy loses it)")


def test_queue_that_is_smaller_is_named_before_a_larger_one() -> None:
    """Lose this and users whose running guests may be refused read that only new ones are concerned."""
    changes = _changes([128, 256], [1024, 64])
    assert changes == {"queues:virtio-net": "queue 1 had 256 entries and has 64"}


def test_other_number_of_queues_is_a_change() -> None:
    """Lose this and a device with a queue less passes."""
    changes = _changes(NET, [256, 256])
    assert changes == {"queues:virtio-net": "of the first 4 queues it had 3 and has 2"}
    said = queues_meaning("virtio-net", list(changes.values()))
    assert said.startswith("a guest that booted under the old build has more queues of virtio-net than")


def test_equal_queues_are_compared_and_no_change() -> None:
    """Lose this and each device is a finding, or no cell says that its queues were compared."""
    assert _changes(NET, NET) == {}
    assert queue_subjects(_shown({"d1": NET}), _shown({"d1": NET}), MODELS) == ["queues:virtio-net"]


def test_build_that_does_not_show_queues_is_not_compared() -> None:
    """Lose this and a QEMU before 7.2 is a build whose devices have lost their queues."""
    assert queue_subjects(_shown(None), _shown({"d1": NET}), MODELS) == []


@pytest.mark.parametrize("variant", ["", "-transitional", "-non-transitional"])
def test_variants_of_a_device_share_a_subject(variant: str) -> None:
    """Lose this and one change of virtio-blk is three cells."""
    assert queues_subject(f"virtio-blk-pci{variant}") == "queues:virtio-blk"


class _Machine:
    """A machine with these virtio devices, each with its number of queues of 128 entries."""

    def __init__(
        self, queues: Mapping[str, int], refuses: str = "", dies: str = "", key: str = "vring-num-default"
    ) -> None:
        self.queues, self.refuses, self.dies, self.key = queues, refuses, dies, key

    def ask(self, command: str, path: str = "", queue: int = 0) -> Any:
        if command == self.dies:
            raise StillFailure("migrate", "QEMU ended with signal 6")
        if command == self.refuses or (path and queue >= self.queues[path]):
            raise StillFailure("migrate", "no") from CommandRefused(command, "", "")
        return {self.key: 128} if path else [{"path": path} for path in self.queues]


DEVICES = {"/machine/peripheral/d1/virtio-backend": 64, "/machine/peripheral/d2/virtio-backend": 1}
QUEUE_STATUS = "x-query-virtio-queue-status"


def _asked(machine: _Machine) -> Queues | None:
    return queues_of(cast("StillMachine", machine))


def test_only_the_first_queues_are_asked_for() -> None:
    """Lose this and each virtio-serial device costs 64 questions on each machine type."""
    machine = _Machine({**DEVICES, "/machine/unattached/device[3]": 1})
    assert _asked(machine) == {"d1": [128, 128, 128, 128], "d2": [128]}


@pytest.mark.parametrize(
    "how",
    [{"refuses": "x-query-virtio"}, {"dies": QUEUE_STATUS}, {"key": "size"}],
    ids=["old", "dies", "another-form"],
)
def test_qemu_that_does_not_show_queues_is_compared_without(how: dict[str, str]) -> None:
    """Lose this and no property of a virtio device is compared, since QEMU does not answer or dies of it."""
    assert _asked(_Machine(DEVICES, **how)) is None
