# SPDX-License-Identifier: Apache-2.0
"""The sentences of findings in what a build gives its machines, for which no guest was moved."""

from __future__ import annotations

import pytest

from fixtures.evidence.harm import Harm
from fixtures.outcome.outcome import Outcome
from fixtures.sweep.boot_disks import boots_meaning
from fixtures.sweep.queues import queues_meaning
from reports.sentences.sentences import Sentences
from suites.harness.support.report_samples import make_swept, said


def queues(old: int, new: int) -> Sentences:
    """The sentences of a device whose first queue has another size, as the sweep says it."""
    change = f"queue 0 had {old} entries and has {new}"
    types = "all 24 machine types, pc-q35-2.4 to pc-q35-7.2"
    reason = f"{queues_meaning('virtio-rng', [change])}: {change} on {types}"
    more = {"mechanism": "compare", "harm": Harm.CHANGED, "runs": []}
    return said(make_swept("q35", "queues:virtio-rng", Outcome.REGRESSION, reason, **more))


def test_larger_queues_concern_guests_that_boot_later() -> None:
    """Lose this and a release manager believes that guests which run today are harmed."""
    text = queues(8, 1024)
    assert text.happens == (
        "that run today keep their queues; those that boot under the new build have larger ones and may "
        "not go back to the old build, nor to a later one that makes such queues: precopy then fails and "
        "they run on under the new QEMU, postcopy loses them (queue 0 had 8 entries and has 1024)."
    )
    assert text.advice.startswith("Nothing for guests that run today.")


def test_smaller_queues_concern_guests_that_run_today() -> None:
    """Lose this and guests that postcopy may lose seem to have time until the next update."""
    text = queues(1024, 8)
    assert text.happens.startswith(
        "that booted under the old build have larger queues than the new build makes and may not be moved: "
        "precopy then fails and they run on under the old QEMU, postcopy loses them"
    )
    assert text.advice.startswith("Move them with precopy, never with postcopy")


@pytest.mark.parametrize(
    "disk,guests,advice",
    [
        ("nvme", "from an nvme disk (x86_64, all 24 machine types", "another disk controller"),
        (
            "virtio-blk-pci-non-transitional",
            "from a virtio-blk-pci-non-transitional disk",
            "another disk controller",
        ),
        (
            "virtio-blk-pci-legacy",
            "from a disk that is legacy virtio (virtio-blk-pci with disable-modern=on)",
            "model='virtio-transitional'",
        ),
    ],
)
def test_disk_that_the_bios_cannot_read_is_a_guest_that_does_not_boot(
    disk: str, guests: str, advice: str
) -> None:
    """Lose this and a release manager believes that such guests are only changed a little."""
    change = "the BIOS could read it and cannot on all 24 machine types, pc-q35-2.4 to pc-q35-7.2"
    reason = f"{boots_meaning(disk, [change])}: {change}"
    more = {"mechanism": "compare", "harm": Harm.CHANGED, "runs": []}
    text = said(make_swept("q35", f"boots-from:{disk}", Outcome.REGRESSION, reason, **more))
    assert guests in text.guests
    assert text.happens.startswith("can be moved, but do not boot again")
    assert text.advice.startswith("Do not reboot them.")
    assert advice in text.advice
