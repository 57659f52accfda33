# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that are found by managing a guest after its move."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, MIGRATE, Seed, SeededBuild
from suites.harness.support.stream_seeds import build, field, seed
from suites.harness.support.tamper.fields import Change, Mode
from suites.harness.support.tamper.rules import Tampering
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, Wrong, does

MANAGEMENT = "precopy-idle-managed-1vcpu-management"
PAUSED = "precopy-idle-bare-1vcpu-paused"
ASLEEP = "precopy-idle-virtio-1vcpu-asleep"
REBOOTS, POWERS_OFF, PANICS = (
    f"precopy-idle-bare-1vcpu-{act}-meanwhile" for act in ("reboots", "powers-off", "panics")
)
IN_FIRMWARE, IN_KERNEL = (f"precopy-idle-bare-1vcpu-{where}" for where in ("in-firmware", "in-early-kernel"))
CROWD = "precopy-idle-bare-1vcpu-four-at-once"
SNAPSHOT_LATER = "multifd-busy-bare-1vcpu-snapshot-later"
REFUSES_SNAPSHOTS = "debian-13-backports"
"""Its QEMU 11.1 refuses a snapshot while multifd is on; older ones really crash."""
ANNOUNCE_NEVER = 'command migrate-set-parameters {"announce-rounds": 0}'
KEYS = '"keys":[{"type":"qcode","data":'
"""Of `send-key`: the check `devices` sends keys by another command."""
REGISTERS = "RIP="
"""In the answer with the registers: they are asked for after the move, before the paused guest is watched."""
DEFLATE = 'command balloon {"value": 268443648}'
"""Empties the balloon of an x86_64 guest with its default RAM."""


def life(*cells: str) -> tuple[str, ...]:
    """Arguments that select these cells of x86_64 guests."""
    chosen = " or ".join(cells)
    return ("suites/life", "--arch=x86_64", "-m", "slow or not slow", "-k", chosen)


def _lost(
    name: str, what: str, wrong: Wrong, *words: str, cell: str = MANAGEMENT, right: str = ""
) -> SeededBuild:
    """A new build as whose destination one act has no effect; `right` as :attr:`SeededBuild.right`."""
    cell = cell if "qmp-" in cell else f"qmp-{cell}"
    seed = Seed(what, wrong, cell, "defect-new", words)
    return SeededBuild(name, "new", life(f"{cell}]"), (seed,), slow=True, right=right)


def _changed(name: str, *seeds: Seed) -> SeededBuild:
    """A new build as whose destination state arrives changed, in each cell another."""
    return SeededBuild(name, "new", life(*(f"{seed.subject}]" for seed in seeds)), seeds, slow=True)


def _field(what: str, way: str, section: str, path: str, mode: Mode, words: str) -> Seed:
    """One field that has another value in the guest that is moved this way."""
    tampering = Tampering((Change(section, path, mode),))
    cell = f"{way}-idle-managed-1vcpu-management"
    return Seed(what, Wrong(), cell, "defect-new", (words,), tampering=tampering)


def _ignores(command: str, instead: str = "query-status") -> Wrong:
    """The destination does something else where this is asked for."""
    return does("replace-in-command", command, instead, when=RECEIVES)


OF_LIFE = (
    _lost(
        "no-power-button",
        "the power button does not reach the guest",
        _ignores("system_powerdown"),
        "power-button: no request to shut down arrived",
    ),
    _lost(
        "disk-stays-small",
        "a disk cannot be resized",
        _ignores("16777216", "8388608"),
        "block-resize: the guest sees disk_bytes 8388608, not 16777216",
    ),
    _lost(
        "never-plugs",
        "no device can be plugged",
        does("refuse-command", '"device_add"', "no more devices", when=RECEIVES),
        "plug: ",
        "no more devices",
    ),
    _lost(
        "link-stays-up",
        "the network link cannot be cut",
        _ignores('"up":false', '"up":true'),
        "link: the guest sees carrier 1, not 0",
    ),
    _lost(
        "loses-keys",
        "keys do not reach the guest",
        _ignores(f'{KEYS}"a"', f'{KEYS}"unmapped"'),
        "keys: no key arrived",
    ),
    _lost(
        "keeps-its-balloon",
        "the balloon cannot be inflated any more",
        does("refuse-command", '"balloon"', "it is stuck", when=RECEIVES),
        "balloon: ",
        "it is stuck",
    ),
    _lost(
        "hides-its-filter",
        "what a network card receives can no longer be asked for",
        does("refuse-command", '"query-rx-filter"', "no such card", when=RECEIVES),
        "rx-filter: net: QEMU no longer says what it receives",
    ),
    _lost(
        "watchdog-sleeps",
        "the watchdog does not fire",
        does("drop-message", '"event": "WATCHDOG"', when=RECEIVES),
        "watchdog: it did not fire",
    ),
    _lost(
        "forgets-its-balloon",
        "the balloon is empty after the move",
        does("on-message", GUEST_RUNS, DEFLATE, when=RECEIVES),
        "balloon-kept: the balloon holds 0 MiB by QEMU",
    ),
    _lost(
        "never-unplugs",
        "the end of an unplugged device is not reported",
        does("drop-message", '"event": "DEVICE_DELETED"', when=RECEIVES),
        "unplug: waited ",
        "for the event DEVICE_DELETED",
    ),
    _lost(
        "runs-while-paused",
        "a guest that is paused runs on",
        _ignores('"stop"', '"query-status"'),
        "pause: ",
        "beats came while the guest was paused",
    ),
    _lost(
        "moves-silently",
        "the network does not learn of the move",
        does("on-command", '"migrate-incoming"', ANNOUNCE_NEVER, when=RECEIVES),
        "announcement: no frame announces the guest",
    ),
    _lost(
        "ends-badly",
        "QEMU fails when the guest has powered off",
        does("on-message", '"reason": "guest-shutdown"', "die free(): invalid pointer", when=RECEIVES),
        "power-off: QEMU ended badly: exit status 1",
    ),
    _lost(
        "wakes-paused-guests",
        "a guest that was paused before the move runs after it",
        does("on-message", '"status": "completed"', "command cont", when=RECEIVES),
        "runstates: ",
        "destination running",
        cell=PAUSED,
    ),
    _lost(
        "says-paused-and-runs",
        "a guest that was paused before the move runs, and QEMU calls it paused",
        does("on-message", REGISTERS, "command cont", when=RECEIVES)
        + does("replace-in-output", '"status": "running"', '"status": "paused"', when=RECEIVES)
        + does("replace-in-output", '"running": true', '"running": false', when=RECEIVES),
        "stays-paused: ",
        "beats came while the guest was paused",
        cell=PAUSED,
    ),
    _lost(
        "forgets-a-pause",
        "a guest that was paused before both moves runs when it is moved on",
        does("on-command", MIGRATE, "command cont", when=RECEIVES),
        "runstates: ",
        "destination running",
        cell=f"{PAUSED}-twice",
    ),
    _lost(
        "wakes-sleeping-guests",
        "a guest that sleeps is woken by its move",
        does("on-message", '"status": "completed"', "command system_wakeup", when=RECEIVES),
        "runstates: ",
        "destination running",
        cell=ASLEEP,
    ),
    _lost(
        "never-wakes-guests",
        "a guest that sleeps cannot be woken after its move",
        _ignores('"system_wakeup"', '"query-status"'),
        "alive: ",
        cell=ASLEEP,
    ),
    _lost(
        "stops-a-guest-that-reboots",
        "a guest that rebooted while it was moved never starts again",
        does("on-message", GUEST_RUNS, "freeze 0", when=RECEIVES),
        "reboot: ",  # On a busy machine the guest may send a beat before it stops.
        cell=REBOOTS,
    ),
    _lost(
        "stops-a-guest-in-its-firmware",
        "a guest that was moved in its firmware never boots",
        does("on-message", GUEST_RUNS, "freeze 0", when=RECEIVES),
        "reboot: waited ",
        "for the first beat of a guest that has started again",
        cell=IN_FIRMWARE,
    ),
    _lost(
        "wakes-a-guest-that-boots",
        "a guest that was stopped while its kernel starts runs after its move",
        does("on-message", '"status": "completed"', "command cont", when=RECEIVES),
        "runstates: ",
        "destination running",
        cell=IN_KERNEL,
    ),
    _lost(
        "waits-for-a-guest-that-is-off",
        "a destination whose guest has powered off does not end",
        does("replace-in-command", "uri", 'exit-on-error": false, "uri', when=RECEIVES),
        "power-off: the destination stays: ",
        cell=POWERS_OFF,
    ),
    _lost(
        "runs-a-guest-that-panicked",
        "a guest that panicked while it was moved runs on",
        does("on-message", '"status": "completed"', "command cont", when=RECEIVES),
        "runstates: ",
        "destination running",
        cell=PANICS,
    ),
    SeededBuild(
        "stops-the-guest-that-stays",
        "old",
        life(f"qmp-{CROWD}]"),
        (
            Seed(
                "the guest stops whose move is cancelled while others are moved",
                does("on-command", '"migrate_cancel"', "command stop"),
                f"qmp-{CROWD}",
                "defect-old",
                ("alive: guest 4 of 4: ",),
            ),
        ),
        slow=True,
    ),
    SeededBuild(
        "hides-panics",
        "old",
        life(f"{PANICS}]"),
        (
            Seed(
                "nobody hears that a guest has panicked",
                does("drop-message", '"event": "GUEST_PANICKED"'),
                PANICS,
                "defect-old",
                ("panic-report: source QEMU did not say GUEST_PANICKED",),
            ),
        ),
        slow=True,
    ),
    _lost(
        "dies-at-a-snapshot",
        "a destination ends when a snapshot is taken of a guest that came by multifd",
        does("on-command", '"snapshot-save"', "die", when=RECEIVES),
        "internal-snapshot: `snapshot-save` on the destination (wrong): ",
        "exit status 139",
        cell=SNAPSHOT_LATER,
        right=REFUSES_SNAPSHOTS,
    ),
    _changed(
        "stream-of-a-managed-guest",
        _field(
            "the PS/2 keyboard no longer scans",
            "qmp-precopy",
            "ps2kbd",
            "scan_enabled",
            "zero",
            "devices: ps2-kbd: no keys arrived",
        ),
    ),
    _changed(
        "stream-of-a-watchdog",
        _field(
            "the watchdog fires although it is fed",
            "qmp-precopy",
            "i6300esb_wdt",
            "timer*_preload",
            "zero",
            "watchdog-calm: it fired although it is fed",
        ),
    ),
    build(
        "stream-power-nvram",
        seed(
            AFTERWARDS,
            "the NVRAM has other bytes",
            "pseries.newest-old-qmp-precopy-idle-managed-1vcpu-management",
            field("*nvram", "buf", "invert"),
            "nvram: it was",
        ),
        arch="ppc64le",
        suite="suites/life",
    ),
)
