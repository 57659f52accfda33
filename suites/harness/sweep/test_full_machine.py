# SPDX-License-Identifier: Apache-2.0
"""Many devices in one machine: their places, and which of them leaves it when QEMU refuses it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.still.machine import StillFailure
from fixtures.still.shown import Shown
from fixtures.sweep.device_models import DeviceModel
from fixtures.sweep.full_machine import BEHIND_A_BRIDGE, FullMachines, culprits, full_arguments
from fixtures.sweep.recipes import devices_of
from fixtures.sweep.sweep import Sweep

DEVICES = devices_of(
    [
        DeviceModel("e1000", "PCI", ""),
        DeviceModel("isa-ipmi-bt", "ISA", ""),
        DeviceModel("xio3130-downstream", "PCI", ""),
        DeviceModel("vmgenid", "", ""),
        DeviceModel("w25q", "SSI", ""),
        DeviceModel("n25q", "SSI", ""),
    ]
)


def test_no_two_devices_get_the_same_place() -> None:
    """Lose this and QEMU refuses the machine, or two builds number its slots differently."""
    devices = devices_of(DeviceModel(f"m{n}", "PCI", "") for n in range(BEHIND_A_BRIDGE + 2))
    places = [word.partition(",bus=")[2] for word in full_arguments("x86_64", "pc-q35-7.2", devices)]
    given = [place for place in places if place]
    assert len(set(given)) == len(devices)
    assert {place.partition(",")[0] for place in given} == {"b0", "b1"}
    assert not any(place.endswith("addr=0x0") for place in given)


def test_device_that_two_others_share_is_there_once() -> None:
    """Lose this and no pseries machine starts with a floppy drive and an ISA card."""
    devices = devices_of([DeviceModel("floppy", "floppy-bus", ""), DeviceModel("isa-serial", "ISA", "")])
    assert full_arguments("ppc64le", "pseries-7.2", devices).count("i82378,id=isa") == 1


@pytest.mark.parametrize(
    "words, models",
    [
        ("-device e1000,id=d0,netdev=nd0: no", ["e1000"]),
        ("-device ipmi-bmc-sim,id=bmcd1: duplicate SaveStateEntry", ["isa-ipmi-bt"]),
        ("-device pcie-root-port,id=rp,chassis=200: PCI Bridge lacks a property", ["xio3130-downstream"]),
        ("Option '-device e1000' cannot be handled by this machine", ["e1000"]),
        ("-device w25q,id=d4: No 'SSI' bus found for device 'w25q'", ["w25q", "n25q"]),
        ("fw_cfg.c:935: Assertion `count < fw_cfg_file_slots(s)' failed.", ["vmgenid"]),
    ],
)
def test_device_that_does_not_fit_leaves_the_machine(words: str, models: list[str]) -> None:
    """Lose this and one device keeps all others from being compared."""
    found = culprits(StillFailure("launch", words), "pc-q35-7.2", DEVICES)
    assert [device.model for device in found] == models


class _Machines(FullMachines):
    """Machines that start unless one of the devices is `vmgenid`, or if `dead`, never."""

    dead = False
    started: list[str]

    def _started(self, build: Any, arguments: tuple[str, ...]) -> Shown:
        self.started.append(build.name)
        if self.dead or any(word.startswith("vmgenid,") for word in arguments):
            raise StillFailure("launch", "abort!")
        return Shown("", [], {}, {})


@pytest.fixture
def machines() -> _Machines:
    """Full machines of the devices above."""
    builds = [SimpleNamespace(name=name, cache=None) for name in ("old", "new")]
    venue = SimpleNamespace(place="tcg")
    sweep = SimpleNamespace(arch="x86_64", old=builds[0], new=builds[1], venue=venue)
    made = _Machines(cast("Sweep", sweep), (list(DEVICES), []))
    made.started = []
    return made


def test_device_that_qemu_does_not_name_is_found_by_halving(machines: _Machines) -> None:
    """Lose this and a machine type is not compared at all because one device does not fit."""
    list(machines.shown("pc-q35-7.2", second=False))
    assert machines.crowds[1] == [device for device in DEVICES if device.model == "vmgenid"]
    assert len(machines.crowds[0]) == len(DEVICES) - 1


def test_machine_that_does_not_start_at_all_is_reported(machines: _Machines) -> None:
    """Lose this and the comparison tries the same machine for ever."""
    machines.dead = True
    with pytest.raises(StillFailure):
        list(machines.shown("pc-q35-7.2", second=False))


def test_machine_of_a_build_in_the_cache_is_started_once(machines: _Machines, tmp_path: Path) -> None:
    """Lose this and every run starts hundreds of machines whose answers cannot have changed."""
    machines.sweep.old.cache = tmp_path  # type: ignore[misc]
    for _ in range(2):
        machines.show(machines.sweep.old, "pc-q35-7.2", [])
    assert machines.started == ["old"]
    machines.show_again(machines.sweep.old, "pc-q35-7.2", [])
    assert machines.started == ["old", "old"]
