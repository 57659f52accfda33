# SPDX-License-Identifier: Apache-2.0
"""The profiles of AppArmor that confine the guests of a host."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from fixtures.update.attempt import without_label
from fixtures.update.confined import NOT_CONFINED, confinement, same_confinement

PROFILE = "libvirt-6e832a4d-7b27-4cb2-a8eb-ae7440b4ea96 (enforce)"
APPARMOR = (
    "<seclabel type='dynamic' model='apparmor' relabel='yes'><label>libvirt-6e832a4d</label></seclabel>"
)
DAC = '<seclabel type="dynamic" model="dac" relabel="yes" />'
ARGUMENTS = '<qemu:commandline><qemu:arg value="-S" /></qemu:commandline>'
DOMAIN = '<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0">{}</domain>'


def _domain(*pids: int) -> Any:
    """A domain with these QEMUs."""
    qemus = [SimpleNamespace(pid=pid) for pid in pids]
    return SimpleNamespace(name="guest", daemon=SimpleNamespace(qemus=lambda _name: qemus))


def test_qemu_that_is_not_confined_any_more_is_found() -> None:
    """Lose this and an update that takes the guests' profiles away passes."""
    check = same_confinement(PROFILE, _domain(os.getpid()))
    assert (check.held, check.detail) == (False, f"{PROFILE}, now {NOT_CONFINED}")
    assert not same_confinement(PROFILE, _domain())


def test_host_without_apparmor_is_as_before() -> None:
    """Lose this and each guest of such a host fails."""
    domain = _domain(os.getpid())
    assert same_confinement(confinement(domain), domain)


def test_second_daemon_gets_no_label_of_apparmor() -> None:
    """Lose this and no guest of a host with AppArmor leaves it."""
    assert without_label(DOMAIN.format(APPARMOR + DAC + ARGUMENTS)) == DOMAIN.format(DAC + ARGUMENTS)
