# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that a guest meets after its hot patch: when it is moved again, or a move is cancelled."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, AGAIN, MIGRATE, Seed, SeededBuild
from suites.harness.support.wrong_builds import RECEIVES, does

MOVED_AGAIN, CANCELLED = "moved-again", "moved-after-a-cancel"
CANCEL, QUIT = '"migrate_cancel"', '"quit"'
HAS_MOVED = RECEIVES
"""As `when`: only a QEMU into which a guest was moved before it becomes a source."""
IDLE, BUSY = (f"hotpatch.profile={profile}" for profile in ("idle", "busy"))
"""As `when`: only QEMUs of guests with this profile. A rule has one such text."""


def later(story: str) -> tuple[str, ...]:
    """Arguments that select both guests of a story, moved by precopy through QMP."""
    return ("suites/life", "--arch=x86_64", "-m", "slow or not slow", "-k", f"qmp-precopy and {story}")


def _guest(profile: str, story: str) -> str:
    return f"-{profile}-virtio-{1 if profile == 'idle' else 2}vcpu-{story}"


SENDS_BADLY_LATER = SeededBuild(
    "sends-badly-later",
    "new",
    later(MOVED_AGAIN),
    (
        Seed(
            "dies when it sends on a guest",
            does("on-command", MIGRATE, "die", when=BUSY),
            _guest("busy", MOVED_AGAIN),
            "defect-new",
            ("migrate: second move, wrong → wrong: source", "exit status 139"),
        ),
        Seed(
            "loses a page when it sends on a guest",
            does("on-command", MIGRATE, "zero 7", when=IDLE),
            _guest("idle", MOVED_AGAIN),
            "defect-new",
            ("memory: second move, wrong → wrong: 1 of 8192 pages damaged; first 7",),
        ),
    ),
    slow=True,
)

CANCELS_BADLY = SeededBuild(
    "cancels-badly",
    "new",
    later(CANCELLED),
    (
        Seed(
            "dies when a move is cancelled",
            does("on-command", CANCEL, "die", when=BUSY),
            _guest("busy", CANCELLED),
            "defect-new",
            ("migrate: cancelled move, wrong → wrong", "exit status 139"),
        ),
        Seed(
            "leaves the guest stopped when a move is cancelled",
            does("on-command", CANCEL, "command stop", when=IDLE),
            _guest("idle", CANCELLED),
            "defect-new",
            ("alive: cancelled move, wrong → wrong: waited ",),
        ),
    ),
    slow=True,
)

EXITS_BADLY = SeededBuild(
    "exits-badly",
    "new",
    (
        *("suites/life", "suites/hotpatch", "--arch=x86_64", "-m", "slow or not slow"),
        *(
            "-k",
            f"qmp-precopy-idle and (virtio-1vcpu-{MOVED_AGAIN} or (test_idle_guest_wakes and bare-1vcpu))",
        ),
    ),
    (
        Seed(
            "fails when the guest is gone",
            does("on-command", QUIT, "die error: cannot free memory", when=HAS_MOVED),
            _guest("idle", MOVED_AGAIN),
            "defect-new",
            (
                "exit-status: second move, wrong → wrong: source QEMU (wrong): exit status 1",
                "cannot free memory",
            ),
        ),
        Seed(
            "fails when it is ended with the guest",
            does("on-command", QUIT, "die error: cannot free memory", when=HAS_MOVED),
            "qmp-precopy-idle-bare-1vcpu",
            "defect-new",
            ("exit-status: last QEMU (wrong): exit status 1",),
        ),
    ),
    slow=True,
)

LATER_MOVES = (
    SENDS_BADLY_LATER.of_kind(AGAIN),
    CANCELS_BADLY.of_kind(AGAIN),
    EXITS_BADLY.of_kind(AFTERWARDS),
)
