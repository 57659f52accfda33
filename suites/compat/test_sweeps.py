# SPDX-License-Identifier: Apache-2.0
"""Is the machine that a guest sees the same under the new build? Swept with guests that never boot."""

from __future__ import annotations

import pytest

from fixtures.matrix.names import SETS_OF_TYPES
from fixtures.sweep.compat_properties import sweep_properties
from fixtures.sweep.cpus import sweep_cpus
from fixtures.sweep.device_models import cpu_models
from fixtures.sweep.devices import DeviceSweep, offered_devices
from fixtures.sweep.firmware_files import sweep_firmware
from fixtures.sweep.machines import chosen_types, sweep_aliases, sweep_machine_types
from fixtures.sweep.mixes import MixSweep
from fixtures.sweep.ram_ends import sweep_ram_ends
from fixtures.sweep.shared_ram import sweep_shared_ram
from fixtures.sweep.sweep import Sweep

MIXES, MIXES_UNDER_KVM = 20, 5
"""Random machines of each machine type in each of its portions."""


@pytest.mark.sweep("machines")
def test_every_machine_type_moves(sweep: Sweep) -> None:
    """Lose this and an update can strand every guest on a machine type that was never tested."""
    sweep_machine_types(sweep)
    if not sweep.plan.needs_kvm:  # The rest is the same under each accelerator.
        sweep_aliases(sweep)
        sweep_shared_ram(sweep)
        sweep_ram_ends(sweep)


@pytest.mark.sweep("devices")
def test_devices_move_alone_and_together(sweep: Sweep) -> None:
    """Lose this and an update breaks the guests with a device, or a mix of them, that the usual ones lack."""
    for machine_type, devices in sweep.share(chosen_types(sweep), offered_devices(sweep)):
        alone = DeviceSweep(sweep, machine_type)
        alone.run(devices)
        mixes = MIXES_UNDER_KVM if sweep.plan.needs_kvm else MIXES
        MixSweep(sweep, machine_type, list(alone.cleared), mixes).run()


@pytest.mark.sweep("cpus")
def test_every_cpu_model_moves(sweep: Sweep) -> None:
    """Lose this and an update changes the processor under a guest, or leaves it none."""
    models = cpu_models(sweep.under_test.old, sweep.arch)
    for machine_type, share in sweep.share(chosen_types(sweep), models):
        sweep_cpus(sweep, machine_type, share)


@pytest.mark.sweep("firmware")
def test_guests_of_each_firmware_move(sweep: Sweep) -> None:
    """Lose this and an update strands all guests that boot by UEFI, because it ships other firmware."""
    sweep_firmware(sweep)


@pytest.mark.sweep("properties")
def test_old_machine_types_keep_their_properties(sweep: Sweep) -> None:
    """Lose this and an update changes the devices of every guest that has run for years."""
    for family in SETS_OF_TYPES[sweep.arch][sweep.plan.portion :: sweep.plan.portions]:
        sweep_properties(sweep, family)
