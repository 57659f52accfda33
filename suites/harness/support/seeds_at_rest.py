# SPDX-License-Identifier: Apache-2.0
"""Seeded defects that the sweeps find, with machines that never run."""

from __future__ import annotations

from fixtures.sweep.ram_ends import FIRST_NUMBER, places
from suites.harness.support.seeds import LOADS, MIGRATE, Seed, SeededBuild, compat
from suites.harness.support.wrong_builds import RECEIVES, Wrong, does, lacks, sets, takes_for

OTHER_MACHINES = SeededBuild(
    "other-machines",
    "new",
    compat("machines", "pc-q35-6*/machine"),
    (
        Seed(
            "machine type gone",
            lacks("pc-q35-6.2"),
            "-pc-q35-6.2-qmp-precopy-machine",
            "removed",
            ("the new build no longer has machine type pc-q35-6.2",),
            harm="stranded",
        ),
        Seed(
            "machine type that dies at its start",
            does("replace-in-argument", "pc-q35-6.1", "pc-q35-6.1,smm=none"),
            "-pc-q35-6.1-qmp-precopy-machine",
            "defect-new",
            ("launch: ", "smm"),
        ),
    ),
)

OTHER_ALIASES = SeededBuild(
    "other-aliases",
    "new",
    compat("machines", "alias:*"),
    (
        Seed(
            "alias q35 moved",
            does("replace-in-output", '"alias": "q35"', '"alias": "pc"'),
            "alias:q35",
            "regression",
            ("q35 was pc-q35-", "and is pc-i440fx-"),
        ),
        Seed(
            "alias pc moved",
            does("replace-in-output", '"alias": "pc"', '"alias": "q35"'),
            "alias:pc",
            "regression",
            ("pc was pc-i440fx-", "and is pc-q35-"),
        ),
    ),
)

OTHER_PSERIES = SeededBuild(
    "other-pseries",
    "new",
    compat("machines", "pseries-6*/machine", "ppc64le"),
    (
        Seed(
            "pseries capability lost",
            does("append-argument", "-machine", when="pseries-6.2")
            + does("append-argument", "cap-ccf-assist=off", when="pseries-6.2"),
            "-pseries-6.2-qmp-precopy-machine",
            "regression",
            ("migrate: cap-ccf-assist", "both controls pass"),
        ),
        Seed(
            "pseries machine type gone",
            lacks("pseries-6.1"),
            "-pseries-6.1-qmp-precopy-machine",
            "removed",
            ("the new build no longer has machine type pseries-6.1",),
        ),
    ),
)

OTHER_CPUS = SeededBuild(
    "other-cpus",
    "new",
    compat("cpus", "*:[NO]*[m3]"),
    (
        Seed(
            "CPU model gone",
            lacks("Opteron_G3") + lacks("Opteron_G3-x86_64-cpu"),
            "cpu:Opteron_G3",
            "removed",
            ("the new build has no CPU model Opteron_G3",),
            harm="stranded",
        ),
        Seed(
            "CPU model without a feature",
            sets("Nehalem-x86_64-cpu", "sse4.2", "off"),
            "cpu-features:Nehalem",
            "regression",
            ("Nehalem", "sse4.2"),
            harm="changed",
        ),
    ),
)

OTHER_DEVICES = SeededBuild(
    "other-devices",
    "new",
    compat("devices and not drivers", "device:p*"),
    (
        Seed(
            "device gone",
            lacks("pvscsi"),
            "device:pvscsi",
            "removed",
            ("no device pvscsi",),
            harm="stranded",
        ),
        Seed(
            "device cannot be made",
            does("replace-in-argument", "pcnet", "pcnet,mac=none"),
            "device:pcnet",
            "defect-new",
            ("launch: ", "pcnet.mac"),
        ),
        Seed(
            "compat property lost: link speed",
            sets("pcie-root-port", "x-speed", "2_5"),
            "device:pcie-root-port",
            "regression",
            ("migrate: ", "Failed to load pcie-root-port", "both controls pass"),
        ),
    ),
)

MORE_DEVICES = SeededBuild(
    "more-devices",
    "new",
    compat("devices and not drivers", "device:[ep]*"),
    (
        Seed(
            "firmware twice the size",
            Wrong(doubled=("/usr/share/qemu/efi-e1000e.rom",)),
            "device:e1000e",
            "regression",
            ("migrate: Size mismatch", "e1000e.rom", "both controls pass"),
        ),
        Seed(
            "near twin for a device",
            takes_for("e1000", "e1000-82545em"),
            "device:e1000",
            "regression",
            ("migrate: ", "Bad config data", "e1000", "both controls pass"),
        ),
        Seed(
            "compat property lost: interrupts",
            sets("pcie-pci-bridge", "msi", "off"),
            "device:pcie-pci-bridge",
            "regression",
            ("migrate: ", "Failed to load pci", "both controls pass"),
        ),
        Seed(
            "section of a newer version",
            Wrong(newer_sections=("pci-serial",)),
            "device:pci-serial",
            "regression",
            ("migrate: pci-serial", "too old for local minimum version_id", "both controls pass"),
        ),
        Seed(
            "dies over one device's state",
            does(
                "on-message",
                LOADS,
                "die error while loading state for instance 0x0 of device 'pci-ohci'",
                when="pci-ohci,",
            ),
            "device:pci-ohci",
            "defect-new",
            ("migrate: ", "device 'pci-ohci'"),
        ),
    ),
    slow=True,
)

BAD_AT_SAVING = SeededBuild(
    "bad-at-saving",
    "old",
    compat("devices", "device:e*[eu]"),
    (
        Seed(
            "device that is no longer migratable",
            does(
                "refuse-command", MIGRATE, "State blocked by non-migratable device 'e1000e'", when="e1000e,"
            ),
            "device:e1000e",
            "refused",
            ("non-migratable device 'e1000e'",),
        ),
        Seed(
            "dies saving one device",
            does("on-command", MIGRATE, "die", when="edu,"),
            "device:edu",
            "defect-old",
            ("migrate: QEMU ended with exit status 139",),
        ),
    ),
    slow=True,
)

GUEST_SEES = SeededBuild(
    "guest-sees",
    "new",
    compat("devices and not drivers", "sees:[em]*"),
    (
        Seed(
            "device with another property",
            sets("e1000", "init-vet", "off"),
            "sees:e1000",
            "regression",
            ("init-vet",),
        ),
        Seed(
            "controller with fewer commands",
            sets("megasas", "max_cmds", "500"),
            "sees:megasas",
            "regression",
            ("max_cmds",),
        ),
        Seed(
            "machine without DMA of fw_cfg",
            sets("fw_cfg_io", "dma_enabled", "off"),
            "sees:machine",
            "regression",
            ("dma_enabled",),
        ),
    ),
)
"""Such machines load without an error; only the guest sees the difference."""


def loses(page: str) -> Wrong:
    """A destination that zeroes this page of the sweep `ram-ends` once it has loaded the stream."""
    number = FIRST_NUMBER + list(places("x86_64")).index(page)
    return does("on-message", '"status": "completed"', f"zero {number}", when="id=dimm")


OTHER_RAM = SeededBuild(
    "other-ram",
    "new",
    compat("machines", "*/*ram*"),
    (
        Seed(
            "destination writes into shared RAM",
            does("append-argument", "-device", when=RECEIVES)
            + does("append-argument", "loader,addr=0x2004000,data=1,data-len=4", when=RECEIVES),
            "shared-ram",
            "defect-new",
            ("shared-ram: ", "writes into RAM that the guest still uses: 4 KiB, the first at 0x2004000"),
        ),
        Seed(
            "loses a page above 4 GiB",
            loses("first page after 4 GiB of RAM"),
            "ram-ends",
            "defect-new",
            ("memory: RAM did not arrive: first page after 4 GiB of RAM; ",),
        ),
    ),
    slow=True,
)

LOSES_AN_END = tuple(
    SeededBuild(
        f"loses-{end}-page",
        "new",
        compat("machines", "*/ram-ends"),
        (
            Seed(
                f"loses the {end} page of RAM",
                loses(f"{end} page of RAM"),
                "ram-ends",
                "defect-new",
                (f"memory: RAM did not arrive: {end} page of RAM; ",),
            ),
        ),
        slow=True,
    )
    for end in ("first", "last")
)

AT_REST = (
    OTHER_RAM,
    *LOSES_AN_END,
    OTHER_MACHINES,
    OTHER_ALIASES,
    OTHER_PSERIES,
    OTHER_CPUS,
    OTHER_DEVICES,
    MORE_DEVICES,
    BAD_AT_SAVING,
    GUEST_SEES,
)
