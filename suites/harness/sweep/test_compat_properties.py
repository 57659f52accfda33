# SPDX-License-Identifier: Apache-2.0
"""What counts as a change of an old machine type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.still.shown import Shown, flat
from fixtures.sweep.firmware import changes, cpu_changes
from fixtures.sweep.guest_views import words_of
from fixtures.sweep.property_differences import MACHINE, MIGRATION, OBJECT, differences

TREE = """\
bus: main-system-bus
  type System
  dev: fw_cfg_io, id ""
    dma_enabled = {dma}
  dev: i440FX-pcihost, id ""
    bus: pci.0
      type PCI
      dev: nic, id "d12"
        vectors = {vectors} (0x4)
{more}      dev: qemu-xhci, id "usb"
        slots = {slots} (0x40)
"""


def shown(
    *,
    dma: str = "true",
    vectors: int = 4,
    more: str = "",
    slots: int = 64,
    machine: Mapping[str, str] | None = None,
    footer: str = "on",
) -> Shown:
    """A machine with one network card and a USB controller that other devices share."""
    tree = TREE.format(dma=dma, vectors=vectors, more=more, slots=slots)
    return Shown(tree, [], machine or {"cap-cfpc": '"workaround"'}, {"send-section-footer": footer})


@pytest.mark.parametrize(
    "change, subject, words",
    [
        ({"vectors": 3}, "sees:nic", "property vectors was 4 and is 3"),
        ({"dma": "false"}, MACHINE, "property dma_enabled was true and is false"),
        (
            {"machine": {"cap-cfpc": '"broken"'}},
            OBJECT,
            'property cap-cfpc was "workaround" and is "broken"',
        ),
        ({"footer": "off"}, MIGRATION, "property send-section-footer was on and is off"),
    ],
    ids=["device", "device of the machine", "machine", "migration"],
)
def test_changed_property_is_a_finding(change: dict[str, Any], subject: str, words: str) -> None:
    """Lose this and a compatibility property that was forgotten changes guests unseen."""
    found = differences(shown(), shown(**change), {"d12": "nic"})
    assert {name: [words_of(each) for each in those] for name, those in found.items() if those} == {
        subject: [words]
    }
    assert all(each.guest_visible for those in found.values() for each in those)


def test_new_property_is_none() -> None:
    """Lose this and every property that a newer QEMU adds is a false alarm."""
    more = "        x-new = true\n"
    found = differences(shown(), shown(more=more, machine={"new": "true"}), {"d12": "nic"})
    assert not any(each.guest_visible for those in found.values() for each in those)


def test_shared_device_is_judged_as_a_model_of_its_own_only() -> None:
    """Lose this and a change of the USB controller is blamed on the machine."""
    assert not any(differences(shown(), shown(slots=32), {"d12": "nic"}).values())


def test_other_cpuid_level_is_a_finding() -> None:
    """Lose this and an old machine type's CPU changes unseen: only the newest type is swept by default."""
    old, new = ({"Nehalem": {"level": level, "avx": False}} for level in (11, 4))
    assert list(cpu_changes(old, new)) == [("cpu-features:Nehalem", "level was 11 and is 4", True)]


def test_other_file_for_the_firmware_is_a_finding() -> None:
    """Lose this and the next boot of a guest finds other sleep states unseen."""
    old = {"etc/system-states": b"\0\1", "etc/acpi/rsdp": b"1"}
    new = {"etc/system-states": b"\0\2", "etc/acpi/rsdp": b"2", "etc/new": b"3"}
    assert list(changes(old, new)) == [
        ("fw-cfg", "etc/new was missing and is 33", False),
        ("fw-cfg", "etc/system-states was 0001 and is 0002", True),
    ]


def test_new_member_of_a_structure_is_no_change() -> None:
    """Lose this and the books and drawers of `-smp`, which only s390x has, are a finding everywhere."""
    old, new = flat("smp", {"cpus": 1}), flat("smp", {"cpus": 1, "books": 1})
    assert old == {"smp.cpus": "1"}
    assert new.items() >= old.items()
