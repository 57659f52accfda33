# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that field guests find, because the other guests do not have these devices."""

from __future__ import annotations

from suites.harness.support.seeds import AFTERWARDS, Seed, SeededBuild
from suites.harness.support.stream_seeds import build, field, seed, without
from suites.harness.support.tamper.fields import Mode
from suites.harness.support.wrong_builds import GUEST_RUNS, RECEIVES, Wrong, does

SUITE = "suites/field"
PROXMOX = "qmp-precopy-busy-proxmox-2vcpu-field"
NO_VECTOR: Mode = "ones"
"""A queue whose interrupt has no vector: the guest is not told that something is in it."""

VIRT_INSTALL = "qmp-precopy-busy-virt-install-2vcpu-field"
BOXES = "qmp-precopy-busy-gnome-boxes-2vcpu-field"
REDIRECTION = "id=redir1,bus=xhci.0"
SPICE_MODULES = tuple(
    f"usr/lib/x86_64-linux-gnu/qemu/{name}.so" for name in ("audio-spice", "chardev-spice", "ui-spice-core")
)


def _spice(name: str, what: str, cell: str, wrong: Wrong, *words: str, harm: str = "") -> SeededBuild:
    """A new build with one defect in what SPICE's clients reach."""
    select = (SUITE, "--arch=x86_64", "-m", "slow or not slow", "-k", f"{cell}]")
    found = Seed(what, wrong, cell, "defect-new", words, kind=AFTERWARDS, harm=harm)
    return SeededBuild(name, "new", select, (found,), slow=True)


OF_SPICE = (
    _spice(
        "spice-other-channel",
        "the port of SPICE's agent ends at another channel of SPICE",
        VIRT_INSTALL,
        does("replace-in-argument", "name=vdagent", "name=usbredir", when=RECEIVES),
        "devices: spice-agent: SPICE's server does not see the guest's agent",
    ),
    _spice(
        "spice-no-redirection",
        "one of the devices for USB redirection is another device",
        BOXES,
        does(
            "replace-in-argument",
            f"usb-redir,{REDIRECTION},chardev=redirected1",
            f"usb-mouse,{REDIRECTION}",
            when=RECEIVES,
        ),
        "migrate: ",
        "usb-redir",
    ),
    _spice(
        "spice-gone",
        "the new build has no SPICE",
        VIRT_INSTALL,
        Wrong(missing=SPICE_MODULES),
        "launch: ",
        "spice",
        harm="stranded",
    ),
)
"""What virt-install and GNOME Boxes give each guest. Debian 13 has SPICE in a package of its own."""
OF_FIELD_GUESTS = (
    *OF_SPICE,
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
