# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that field guests find, because the other guests do not have these devices."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, Seed, SeededBuild
from suites.harness.support.stream_seeds import build, field, seed, without
from suites.harness.support.tamper.fields import Mode
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, does

SUITE = "suites/field"
PROXMOX = "qmp-precopy-busy-proxmox-2vcpu-field"
NO_VECTOR: Mode = "ones"
"""A queue whose interrupt has no vector: the guest is not told that something is in it."""

OF_FIELD_GUESTS = (
    build(
        "field-devices",
        seed(
            AFTERWARDS,
            "the balloon's statistics queue is lost",
            "precopy-busy-nova-2vcpu-field",
            field("virtio-balloon", "virtio/vq[2]/vector", NO_VECTOR),
            "devices: ",
            "balloon-stats: no statistics arrived",
        ),
        seed(
            AFTERWARDS,
            "the guest agent is deaf",
            "libvirt-precopy-busy-kubevirt-2vcpu-field",
            field("virtio-console", "virtio/vq[4]/vector", NO_VECTOR),
            "devices: agent-channel: the guest agent does not answer",
        ),
        suite=SUITE,
    ),
    build(
        "field-sound",
        seed(
            AFTERWARDS,
            "the sound card raises no interrupt any more",
            "postcopy-busy-gnome-boxes-2vcpu-field",
            field("intel-hda", "int_ctl"),
            "devices: ",
            "sound-ich9: no interrupt at the end of a period",
        ),
        suite=SUITE,
    ),
    build(
        "field-root-ports",
        seed(
            AFTERWARDS,
            "root ports forget which buses are behind them",
            "precopy-busy-virt-install-2vcpu-field",
            without("pcie-root-port"),
            "disk-requests: ",
            "requests never ended",
        ),
        suite=SUITE,
    ),
    SeededBuild(
        "stops-iothreads",
        "new",
        (SUITE, "--arch=x86_64", "-m", "slow or not slow", "-k", f"{PROXMOX}]"),
        (
            Seed(
                "a disk's iothread never runs again",
                does("on-message", GUEST_RUNS, "stop-thread IO iothread1", when=RECEIVES),
                PROXMOX,
                "defect-new",
                ("devices: scsi-disk-iothread: ",),
                kind=AFTERWARDS,
            ),
        ),
        slow=True,
    ),
)
