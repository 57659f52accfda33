# SPDX-License-Identifier: Apache-2.0
"""The model of a guest: which steps it allows, and what holds after them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.errors import UsageError
from fixtures.still.steps import (
    BACK,
    BY_NAME,
    CANCEL,
    MOVE,
    PAUSE,
    REBOOT,
    RESUME,
    SAVE,
    Bus,
    Ending,
    Model,
    Step,
    possible,
    steps_named,
    text_of,
)

BUSES: Mapping[Bus, Ending] = {"scsi": "at once", "usb": "at once", "pci": "at a reboot"}
DISK, CD = Step("plug", "scsi-hd", 1), Step("plug", "scsi-cd", 1)
UNPLUG = Step("unplug", "scsi", 1)
CARD, NO_CARD = Step("plug", "virtio-rng-pci", 2), Step("unplug", "pci", 2)


def named(*steps: Step) -> str:
    """What is left of these steps."""
    return text_of(possible(steps, BUSES))


@pytest.mark.parametrize(
    "steps, left",
    [
        ((PAUSE, RESUME, RESUME, PAUSE, MOVE), "resume+pause+move"),
        ((DISK, CD, UNPLUG, CD, MOVE), "plug-scsi-hd-1+unplug-scsi-1+plug-scsi-cd-1+move"),
        ((UNPLUG, BACK, MOVE, BACK, BACK), "move+back"),
        ((CARD, NO_CARD, CARD, NO_CARD, REBOOT, CARD, MOVE), f"{CARD}+{NO_CARD}+reboot+{CARD}+move"),
        ((Step("plug", "virtserialport", 1), MOVE), "move"),
        ((BACK, SAVE, BACK), "save+back"),
    ],
)
def test_step_that_cannot_be_done_is_left_out(steps: tuple[Step, ...], left: str) -> None:
    """Lose this and a guest is asked for what it has not, which every build refuses."""
    assert named(*steps) == left


def test_guest_that_was_never_moved_is_moved_at_last() -> None:
    """Lose this and a sequence passes that has tested one build only."""
    assert named(DISK, CANCEL) == "plug-scsi-hd-1+cancel+move"
    assert named() == "move"


def test_number_unplugs_what_was_plugged_last() -> None:
    """Lose this and most steps that unplug find nothing."""
    tablet = Step("plug", "usb-tablet", 2)
    assert text_of(possible([0, DISK, tablet, 0, 0, MOVE], BUSES)) == (
        f"{DISK}+{tablet}+unplug-usb-2+unplug-scsi-1+move"
    )
    assert text_of(possible([DISK, tablet, 1, MOVE], BUSES)) == f"{DISK}+{tablet}+unplug-scsi-1+move"


def test_device_of_a_pci_bus_stays_until_the_guest_reboots() -> None:
    """Lose this and every build is blamed for a device that waits for its guest."""
    model = Model(BUSES)
    for step in (CARD, NO_CARD, MOVE):
        model.does(step)
    assert (list(model.devices), model.leaving) == ([("pci", 2)], {("pci", 2)})
    model.does(REBOOT)
    assert (model.devices, model.leaving) == ({}, set())


@given(st.lists(st.sampled_from([None, *BY_NAME.values()]), max_size=12))
def test_sequence_and_its_text_are_the_same(drawn: list[Step | None]) -> None:
    """Lose this and the command that is to repeat a failure does something else."""
    steps = possible(drawn, BUSES)
    assert steps_named(text_of(steps), "here") == steps
    assert possible(steps, BUSES) == steps


def test_word_that_is_no_step_is_refused() -> None:
    """Lose this and a typing error ends in a traceback, or in another sequence."""
    with pytest.raises(UsageError, match="--subject x: no step is called 'mve', 'plug-scsi-hd-3'") as refused:
        steps_named("mve+move+plug-scsi-hd-3", "--subject x")
    assert "plug-scsi-hd-1" in str(refused.value.fix)
