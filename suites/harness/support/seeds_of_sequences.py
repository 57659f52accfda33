# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that only a certain sequence of steps shows, in guests that never boot."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

RIGHT, TYPE = "debian-13", "pc-q35-10.0"
SELECT = ("suites/life", "--arch=x86_64", "-m", "slow or not slow", "-k", "sequences-everywhere")
HAS_LOADED = '"status": "completed"'


def _seed(what: str, wrong: Wrong, steps: str, *words: str) -> Seed:
    """A defect, and the shortest sequence that shows it."""
    return Seed(what, wrong, f"{TYPE}-qmp-precopy-steps:{steps}", "defect-new", words)


def _build(name: str, *seeds: Seed) -> SeededBuild:
    """A new build that goes wrong as a destination."""
    select = (*SELECT, "--subject", f"{TYPE}/steps:random", "--seed", "1")
    return SeededBuild(name, "new", select, seeds, slow=True, right=RIGHT)


OF_SEQUENCES = (
    _build(
        "takes-no-disk-again",
        _seed(
            "no disk can be plugged after an unplug after a move",
            does(
                "on-message", "DEVICE_DELETED", 'command blockdev-del {"node-name": "disk1"}', when=RECEIVES
            ),
            "move+plug-scsi-hd-1+unplug-scsi-1+plug-scsi-hd-1",
            "plug: step 4, plug-scsi-hd-1: scsi-hd: ",
            "the shortest sequence that fails: move, plug-scsi-hd-1, unplug-scsi-1, plug-scsi-hd-1",
        ),
    ),
    _build(
        "stops-what-it-could-not-move",
        _seed(
            "a source whose destination is killed stops its guest",
            does("on-message", '"status": "failed"', "command stop", when=RECEIVES),
            "move+resume+kill-destination",
            "runstates: step 3, kill-destination: the guest is paused, not running",
            "the shortest sequence that fails: move, resume, kill-destination",
        ),
    ),
    _build(
        "wakes-a-machine-that-moves",
        _seed(
            "a guest that is paused runs when it has moved",
            does("on-message", HAS_LOADED, "command cont", when=RECEIVES),
            "move",
            "runstates: step 1, move: the guest is running, not paused",
            "the shortest sequence that fails: move",
        ),
        _seed(
            "a guest that was paused when it was saved runs when it is loaded",
            Wrong(),
            "save",
            "migrate: step 1, save: the destination completed, but is running",
        ),
    ),
)
