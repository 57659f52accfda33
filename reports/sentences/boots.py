# SPDX-License-Identifier: Apache-2.0
"""Disks that a guest's firmware can no longer read: whom that concerns, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fixtures.matrix.firmwares import BOOTS_THROUGH
from reports.sentences.names import either, with_article

KIND = "boots-from"
HAPPENS = "can be moved, but do not boot again: their firmware does not find this disk under the new build"
_LEGACY = "-legacy"
"""How :data:`fixtures.still.bios_disks.DISKS` marks a disk that only the old virtio interface reaches."""
_MODERN = "-non-transitional"
"""How it names a disk that has only the modern one."""

_VERSION = re.compile(r"-(\d+\.\d+)(?=$|[\s,;])")


def on_versions(reason: str) -> tuple[str, ...]:
    """The first and the last version of the machine types on which a disk is lost, of whatever family."""
    return tuple(_VERSION.findall(reason))


def boot_guests(names: Sequence[str], arch: str) -> str:
    """`guests that boot through the BIOS from a virtio-blk-pci disk`, without their machine types."""
    plain = [name for name in names if not name.endswith(_LEGACY)]
    legacy = [name.removesuffix(_LEGACY) for name in names if name.endswith(_LEGACY)]
    disks = [with_article(f"{either(plain)} disk")] if plain else []
    if legacy:
        disks.append(f"a disk that is legacy virtio ({either(legacy)} with disable-modern=on)")
    return f"guests that boot through {BOOTS_THROUGH[arch]} from {' or '.join(disks)}"


def boot_advice(names: Sequence[str]) -> str:
    """What to do about guests with these disks."""
    instead = "another disk controller"
    if all(name.startswith("virtio-") and not name.endswith(_MODERN) for name in names):
        instead = "a modern virtio disk (disable-modern=off; in libvirt model='virtio-transitional')"
    return (
        f"Do not reboot them. When they have to boot, shut them down and start them with {instead}, "
        "or wait for a fix."
    )
