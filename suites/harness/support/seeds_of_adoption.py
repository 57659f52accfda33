# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of a libvirt that takes over the guests which the libvirt before it has started."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, one_defect
from suites.harness.support.wrong_builds import QEMU_DRIVER, reworded

OF_ADOPTION = (
    one_defect(
        "looks-elsewhere",
        "new",
        "update",
        Seed(
            "libvirt looks for its running guests in another directory, and finds none",
            reworded(QEMU_DRIVER, b"\0%s/libvirt/qemu\0", b"\0%s/libvirt/qem2\0"),
            "libvirt-precopy-idle-bare-1vcpu-adopted",
            "regression",
            ("adopted: was running booted, is shutoff",),
        ),
    ),
)
