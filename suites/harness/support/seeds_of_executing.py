# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of a QEMU that executes the new one under its guest: there is no way back from that."""

from __future__ import annotations

from suites.harness.support.seeds import LOADS, Role, Seed, SeededBuild, hotpatch
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does

EXECUTED = "cpr-exec-busy-bare-1vcpu"
HAS_IT = "debian-13-backports"
"""A build with QEMU 10.2 or newer, the first that knows `cpr-exec`."""


def _executed(
    name: str, outcome: str, what: str, wrong: Wrong, *words: str, harm: str = "lost"
) -> SeededBuild:
    """A build with one defect that shows when it is executed, or executes another."""
    seed = Seed(what, wrong, EXECUTED, outcome, words, harm=harm)
    role: Role = "old" if outcome == "defect-old" else "new"
    return SeededBuild(name, role, hotpatch(EXECUTED), (seed,), slow=True, right=HAS_IT)


OF_EXECUTING = (
    _executed(
        "cannot-be-executed",
        "defect-new",
        "a QEMU that is executed does not start",
        does("append-argument", "-no-such-option", when=RECEIVES),
        "launch: ",
        "-no-such-option",
    ),
    _executed(
        "cannot-load-when-executed",
        "defect-new",
        "a QEMU that is executed cannot load the guest",
        does("on-message", LOADS, "die error while loading state of device 'timer'", when=RECEIVES),
        "migrate: the executed QEMU does not load the guest",
        "error while loading state of device 'timer'",
    ),
    _executed(
        "executes-nothing",
        "defect-old",
        "a QEMU cannot execute the new one",
        does("replace-in-command", '["/usr/bin/', '["/usr/sbin/none/'),
        "migrate: source ",
        harm="stranded",
    ),
    # Not `defect-new`: an old QEMU that is a stand-in too is the parent of what it executes.
    _executed(
        "executes-another",
        "regression",
        "a QEMU executes another program",
        does("exec-real", when=RECEIVES),
        "new-build: ",
        "NOT the executable",
        harm="changed",
    ),
)
