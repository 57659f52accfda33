# SPDX-License-Identifier: Apache-2.0
"""Seeded defects in packages that replace those of a host with guests."""

from __future__ import annotations

from dataclasses import dataclass

from fixtures.evidence.harm import Harm
from suites.harness.support.wrong_packages import WrongPackage

DAEMON = "libvirt-daemon"
HOOK = "etc/libvirt/hooks/qemu"
AT = '#!/bin/sh\n[ "$2" = {} ] || exit 0\n{}\n'
"""A hook of libvirt that acts at one operation with a guest (libvirt.org/hooks.html)."""
AT_END = "release"
"""The operation after the QEMU of a guest has ended."""
OF_EVERY_GUEST = "for guest in $(virsh --connect qemu:///system list --name); do virsh --quiet {}; done"
EVERY_GUEST = OF_EVERY_GUEST.format("destroy $guest")
AT_REBOOT = '{"execute": "set-action", "arguments": {"reboot": "shutdown"}}'


REMOVEXATTR = 197
"""Of x86_64, as these hosts are. They have perl and not setfattr(1)."""
FORGETS = f"""exec perl -e '
my $name = "trusted.libvirt.security.dac";
foreach my $file (glob "/tmp/hp-*/hp-*/*.raw") {{ syscall({REMOVEXATTR}, $file, $name) }}
'"""


RENAMED = """sed -i "s/dev='vda'/dev='vdz'/" /run/libvirt/qemu/*.xml"""
"""In what the old daemon noted of its guests for the next one."""


@dataclass(frozen=True)
class PackageSeed:
    """A defect, and which step of which guest must fail, by which check."""

    wrong: WrongPackage
    guest: str
    step: str
    check: str
    harm: Harm
    after: str = ""
    """The one step before it that fails too."""
    interrupted: bool = False
    """Is it found on the host whose update is interrupted?"""
    under_kvm: bool = False
    """Is it found on a host whose guests run under KVM?"""


PACKAGE_SEEDS = {
    "stops-guests": PackageSeed(
        WrongPackage(DAEMON, {"postinst": EVERY_GUEST}), "bare", "update", "alive", Harm.LOST
    ),
    "forgets-a-domain": PackageSeed(
        WrongPackage(DAEMON, {"postinst": "rm -f /run/libvirt/qemu/*.xml"}),
        *("bare", "adopted", "adopted", Harm.CHANGED),
    ),
    "renames-a-disk": PackageSeed(
        WrongPackage(DAEMON, {"postinst": RENAMED}),
        *("virtio", "adopted", "adopted-definition", Harm.CHANGED),
    ),
    "loses-statistics": PackageSeed(
        WrongPackage(DAEMON, {"postinst": RENAMED}),
        *("virtio", "used", "managed", Harm.CHANGED, "adopted"),
    ),
    "kills-the-log": PackageSeed(
        WrongPackage(DAEMON, {"postinst": "systemctl kill --signal=KILL virtlogd.service"}),
        *("bare", "logged", "log", Harm.CHANGED),
    ),
    "deletes-modules": PackageSeed(
        WrongPackage("qemu-block-extra", {"postinst": "rm -rf /run/qemu/*"}, without="usr/lib/*/qemu/*curl*"),
        *("plugged", "module", "module", Harm.CHANGED),
    ),
    "takes-the-image": PackageSeed(
        WrongPackage(DAEMON, files={HOOK: AT.format(AT_END, "chown root:root /tmp/hp-*/hp-*/*.raw")}),
        *("virtio", "home", "file-owners", Harm.CHANGED),
    ),
    "forgets-the-owner": PackageSeed(
        WrongPackage(DAEMON, files={HOOK: AT.format(AT_END, FORGETS)}),
        *("virtio", "home", "file-owners", Harm.CHANGED),
    ),
    "unlinks-a-socket": PackageSeed(
        WrongPackage(DAEMON, files={HOOK: AT.format(AT_END, "rm -f /tmp/hp-*/hp-*/*-vnc")}),
        *("kubevirt", "home", "reachable", Harm.CHANGED),
    ),
    "is-interrupted": PackageSeed(
        WrongPackage("qemu-system-x86", {"preinst": "exit 1"}), "bare", "update", "update", Harm.CHANGED
    ),
    "stops-guests-half-way": PackageSeed(
        WrongPackage("qemu-system-common", {"preinst": EVERY_GUEST}),
        *("bare", "interrupted", "alive", Harm.LOST),
        interrupted=True,
    ),
    "cannot-be-completed": PackageSeed(
        WrongPackage("qemu-system-x86", {"preinst": "exit 1"}),
        *("bare", "completed", "update", Harm.CHANGED),
        interrupted=True,
    ),
    "forgets-a-domain-when-completed": PackageSeed(
        WrongPackage(DAEMON, {"postinst": "rm -f /run/libvirt/qemu/*.xml"}),
        *("bare", "readopted", "adopted", Harm.CHANGED),
        interrupted=True,
    ),
    "takes-no-snapshot": PackageSeed(
        WrongPackage(DAEMON, {"postinst": RENAMED}), *("saved", "snapshot", "snapshot", Harm.CHANGED)
    ),
    "shuts-down-at-a-reboot": PackageSeed(
        WrongPackage(
            DAEMON,
            {"postinst": OF_EVERY_GUEST.format(f"qemu-monitor-command $guest '{AT_REBOOT}'")},
        ),
        *("restarted", "rebooted", "reboot", Harm.LOST),
    ),
    "does-not-restore": PackageSeed(
        WrongPackage(DAEMON, files={HOOK: AT.format("prepare", "exit 1")}),
        *("saved", "saved", "saved", Harm.LOST),
    ),
    "does-not-start": PackageSeed(
        WrongPackage(DAEMON, files={HOOK: AT.format("prepare", "exit 1")}),
        *("restarted", "restarted", "reboot", Harm.LOST),
    ),
}

KVM_SEEDS = {
    "takes-kvm": PackageSeed(
        WrongPackage("qemu-system-x86", {"postinst": "chmod 0600 /dev/kvm"}),
        *("bare", "away", "migrate", Harm.STRANDED),
        under_kvm=True,
    ),
    "frees-guests": PackageSeed(
        WrongPackage(
            DAEMON, {"postinst": "apparmor_parser --remove /etc/apparmor.d/libvirt/libvirt-*[0-9a-f]"}
        ),
        *("bare", "update", "confinement", Harm.CHANGED),
        under_kvm=True,
    ),
}
"""Only a host whose guests run under KVM can find them: there is /dev/kvm, and AppArmor."""
