# SPDX-License-Identifier: Apache-2.0
"""Seeded defects of machine types: forgotten compatibility properties, and other tables for the firmware."""

from __future__ import annotations

from functools import reduce
from operator import add

from fixtures.matrix.memory_sizes import usual_memory_kib
from fixtures.sweep.topologies import ODD
from suites.harness.support.seeds import TABLES, Seed, SeededBuild, compat
from suites.harness.support.stream_seeds import build, pages, seed
from suites.harness.support.tamper.rules import PageRule
from suites.harness.support.wrong_builds import Wrong, does, sets

OLDER = "debian-12-backports"
"""A build whose queues have the size that is set. QEMU 10.0.13 gives each queue 1024 entries."""


def _on(machine_type: str, device: str, name: str, value: str) -> Wrong:
    """This property gets another value on one machine type: its compatibility property was forgotten."""
    words = ("-global", f"{device}.{name}={value}")
    return reduce(add, (does("append-argument", word, when=machine_type) for word in words))


OLD_TYPES = SeededBuild(
    "old-types",
    "new",
    compat("properties", "q35/*"),
    (
        Seed(
            "compat property lost: one old type",
            _on("pc-q35-6.0", "virtio-rng-pci", "vectors", "3"),
            "-q35-qmp-compare-sees:virtio-rng-pci",
            "regression",
            ("property vectors was", "on pc-q35-6.0"),
        ),
        Seed(
            "compat property lost: oldest type",
            _on("pc-q35-2.4", "vmxnet3", "x-old-msi-offsets", "off"),
            "-q35-qmp-compare-sees:vmxnet3",
            "regression",
            ("property x-old-msi-offsets was true and is false on pc-q35-2.4",),
        ),
        Seed(
            "compat property lost: a child device",
            _on("pc-q35-5.2", "virtio-balloon-device", "page-poison", "off"),
            "-q35-qmp-compare-sees:virtio-balloon-pci",
            "regression",
            ("property page-poison was true and is false on pc-q35-5.2",),
        ),
        Seed(
            "CPUID level of one old type changed",
            _on("pc-q35-6.0", "Nehalem-x86_64-cpu", "level", "4"),
            "-q35-qmp-compare-cpu-features:Nehalem",
            "regression",
            ("Nehalem", "level was 11 and is 4 on pc-q35-6.0"),
        ),
        Seed(
            "machine property changed",
            does("replace-in-argument", "pc-q35-6.1", "pc-q35-6.1,suppress-vmdesc=on"),
            "-q35-qmp-compare-machine-properties",
            "regression",
            ("property suppress-vmdesc was false and is true on pc-q35-6.1",),
        ),
        Seed(
            "migrations of an old type changed",
            _on("pc-q35-6.2", "migration", "send-section-footer", "off"),
            "-q35-qmp-compare-migration-defaults",
            "regression",
            ("property send-section-footer was on and is off on pc-q35-6.2",),
        ),
    ),
    slow=True,
)

OLD_PSERIES = SeededBuild(
    "old-pseries",
    "new",
    compat("properties", "pseries/*[eo]-[pr][rn][og]*", "ppc64le"),
    (
        Seed(
            "compat property lost (pseries)",
            _on("pseries-6.0", "virtio-rng-pci", "vectors", "3"),
            "-pseries-qmp-compare-sees:virtio-rng-pci",
            "regression",
            ("property vectors was", "on pseries-6.0"),
        ),
        Seed(
            "pseries capability changed",
            does("replace-in-argument", "pseries-6.1", "pseries-6.1,cap-cfpc=broken"),
            "-pseries-qmp-compare-machine-properties",
            "regression",
            ('property cap-cfpc was "workaround" and is "broken" on pseries-6.1',),
        ),
    ),
    slow=True,
)

OTHER_FIRMWARE = SeededBuild(
    "other-firmware",
    "new",
    compat("properties", "*/[afs][cmw]*"),
    (
        Seed(
            "ACPI table added",
            does("append-argument", "-acpitable", when="pc-q35-6.0")
            + does("append-argument", "sig=HPAT,data=/etc/passwd", when="pc-q35-6.0"),
            "-q35-qmp-compare-acpi-tables",
            "regression",
            ("HPAT is new on pc-q35-6.0",),
        ),
        Seed(
            "ACPI table of the same length",
            does("replace-in-argument", "pc-i440fx-6.1", "pc-i440fx-6.1,x-oem-table-id=HPATCH"),
            "-pc-qmp-compare-acpi-tables",
            "regression",
            ("FACP OEM table id was 'BXPC    ' and is 'HPATCH", "on pc-i440fx-6.1"),
        ),
        Seed(
            "SMBIOS string changed",
            does("append-argument", "-smbios", when="pc-q35-5.2")
            + does("append-argument", "type=1,product=Other", when="pc-q35-5.2"),
            "-q35-qmp-compare-smbios",
            "regression",
            ("'Other'", "on pc-q35-5.2"),
        ),
        Seed(
            "file of fw_cfg changed",
            does("append-argument", "-boot", when="pc-q35-6.2")
            + does("append-argument", "reboot-timeout=5", when="pc-q35-6.2"),
            "-q35-qmp-compare-fw-cfg",
            "regression",
            ("etc/boot-fail-wait was", "on pc-q35-6.2"),
        ),
    ),
)
"""A running guest has the old tables in its RAM; its next boot finds others."""

OTHER_DEVICE_TREE = SeededBuild(
    "other-device-tree",
    "new",
    compat("properties", "pseries/device-tree", "ppc64le"),
    (
        Seed(
            "device tree changed",
            does("append-argument", "-uuid", when="pseries-6.0")
            + does("append-argument", "11111111-2222-3333-4444-555555555555", when="pseries-6.0"),
            "-pseries-qmp-compare-device-tree",
            "regression",
            ("vm,uuid", "on pseries-6.0"),
        ),
    ),
    slow=True,
)

OTHER_TOPOLOGY = SeededBuild(
    "other-topology",
    "new",
    compat("properties", "q35/cpuid:*"),
    (
        Seed(
            "APIC ids of 4 cores instead of 3",
            does(
                "replace-in-argument",
                ODD["3 cores"],
                "3,sockets=1,cores=4,threads=1,maxcpus=4",
                when="Nehalem",
            ),
            "-q35-qmp-compare-cpuid:Nehalem",
            "regression",
            ("cores that is no power of two", "EBX of leaf 0xb, 1 was 0x3 and is 0x4 with 3 cores"),
        ),
        Seed(
            "CPU without a third level of cache",
            sets("EPYC-x86_64-cpu", "l3-cache", "off"),
            "-q35-qmp-compare-cpuid:EPYC",
            "regression",
            ("such as EPYC and several cores", "EDX of leaf 0x80000006 was 0x408140 and is 0x0 with "),
        ),
    ),
    slow=True,
)

OTHER_QUEUES = SeededBuild(
    "other-queues",
    "new",
    compat("properties", "q35/queues:virtio-*"),
    (
        Seed(
            "smaller queues of virtio-blk",
            sets("virtio-blk-device", "queue-size", "64"),
            "-q35-qmp-compare-queues:virtio-blk",
            "regression",
            ("a guest that booted under the old build has larger queues", "entries and has 64 on "),
        ),
        Seed(
            "larger queues of virtio-scsi",
            sets("virtio-scsi-device", "virtqueue_size", "512"),
            "-q35-qmp-compare-queues:virtio-scsi",
            "regression",
            ("a guest that boots under the new build has larger queues", "entries and has 512 on "),
        ),
    ),
    slow=True,
    right=OLDER,
)

UNREADABLE_DISK = SeededBuild(
    "unreadable-disk",
    "new",
    compat("properties", "q35/boots-from:virtio-blk-pci"),
    (
        Seed(
            "virtio-blk with sectors that the BIOS does not know",
            sets("virtio-blk-device", "logical_block_size", "4096")
            + sets("virtio-blk-device", "physical_block_size", "4096"),
            "-q35-qmp-compare-boots-from:virtio-blk-pci",
            "regression",
            ("boots through the BIOS from virtio-blk-pci does not find this disk", " machine types, "),
        ),
    ),
    slow=True,
    right=OLDER,
)

UNBOOTABLE_DISK = SeededBuild(
    "unbootable-disk",
    "new",
    compat("properties", "pseries/boots-from:spapr-vscsi", "ppc64le"),
    (
        Seed(
            "SCSI disk with sectors that SLOF does not know",
            sets("scsi-hd", "logical_block_size", "4096") + sets("scsi-hd", "physical_block_size", "4096"),
            "-pseries-qmp-compare-boots-from:spapr-vscsi",
            "regression",
            ("boots through SLOF from spapr-vscsi does not find this disk", "SLOF could read it and cannot"),
        ),
    ),
    slow=True,
)

END_OF_RAM = usual_memory_kib("x86_64") // 4
"""Pages of a guest's RAM."""
AT_THE_END = pages(PageRule("flip", "other", first=END_OF_RAM - 40))
"""One bit in each page of the last 160 KiB, where SeaBIOS puts the ACPI tables."""

DAMAGED_TABLES = build(
    "stream-firmware",
    *(
        seed(
            TABLES,
            f"ACPI tables damaged in RAM ({mechanism})",
            f"{mechanism}-idle-bare-2vcpu",
            AT_THE_END,
            "firmware-tables: ",
            "DSDT was",
        )
        for mechanism in ("precopy", "multifd")
    ),
)

OF_MACHINE_TYPES = (
    OLD_TYPES,
    OLD_PSERIES,
    OTHER_FIRMWARE,
    OTHER_DEVICE_TREE,
    OTHER_TOPOLOGY,
    OTHER_QUEUES,
    UNREADABLE_DISK,
    UNBOOTABLE_DISK,
    DAMAGED_TABLES,
)
