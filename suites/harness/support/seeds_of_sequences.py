# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that only a certain sequence of steps shows, in guests that never boot."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

RIGHT, TYPE = "debian-13", "pc-q35-10.0"
SELECT = ("suites/life", "--arch=x86_64", "-m", "slow or not slow", "-k", "sequences-everywhere")
HAS_LOADED = '"status": "completed"'


def _found(name: str, what: str, wrong: Wrong, steps: str, *words: str) -> SeededBuild:
    """A new build that goes wrong as a destination, and the shortest sequence that shows it."""
    seed = Seed(what, wrong, f"{TYPE}-qmp-precopy-steps:{steps}", "defect-new", words)
    select = (*SELECT, "--subject", f"{TYPE}/steps:random", "--seed", "1")
    return SeededBuild(name, "new", select, (seed,), slow=True, right=RIGHT)


OF_SEQUENCES = (
    _found(
        "takes-no-disk-again",
        "no disk can be plugged after an unplug after a move",
        does("on-message", "DEVICE_DELETED", 'command blockdev-del {"node-name": "disk1"}', when=RECEIVES),
        "plug-scsi-hd-1+move+unplug-scsi-1+plug-scsi-hd-1",
        "plug: step 4, plug-scsi-hd-1: scsi-hd: ",
        "the shortest sequence that fails: plug-scsi-hd-1, move, unplug-scsi-1, plug-scsi-hd-1",
    ),
    _found(
        "wakes-a-machine-that-moves",
        "a guest that is paused runs when it has moved",
        does("on-message", HAS_LOADED, "command cont", when=RECEIVES),
        "move",
        "runstates: step 1, move: the guest is running, not paused",
        "the shortest sequence that fails: move",
    ),
)
