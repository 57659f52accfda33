# SPDX-License-Identifier: Apache-2.0
"""The definition of a guest's CPU: which one is asked for, and what has become of it."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import libvirt
import pytest

from fixtures.matrix.guest_options import USUAL, GuestOptions
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import CpuDefinition
from fixtures.path.libvirt.cpu_definition import HOST_CPU, Cpu, cpu_element, why_refused
from suites.harness.support.libvirt_errors import error_of

HOST_MODEL = """
<model fallback='forbid'>EPYC</model><vendor>AMD</vendor>
<feature policy='require' name='hypervisor'/><feature policy='disable' name='svm'/>
"""
SPEC = GuestSpec("x86_64", "pc-q35-7.2", 1, "idle", "bare", 0, options=GuestOptions(cpu="check-full"))


def cpu(inner: str = HOST_MODEL, mode: str = "custom") -> Cpu:
    """The CPU of a domain."""
    return Cpu.of(f"<domain><cpu mode='{mode}' match='exact' check='full'>{inner}</cpu></domain>")


class Trial:
    """A daemon that starts one domain, whose CPU has become that of :data:`HOST_MODEL`."""

    def __init__(self) -> None:
        self.asked = ""
        self.ended = False

    def createXML(self, xml: str, _flags: int) -> Any:  # noqa: N802 - libvirt's name
        """Start it."""
        self.asked = xml
        live = f"<domain><cpu mode='custom' match='exact' check='full'>{HOST_MODEL}</cpu></domain>"
        return SimpleNamespace(XMLDesc=lambda _flags: live, destroy=self._destroy)

    def _destroy(self) -> None:
        self.ended = True


def test_full_check_is_of_the_model_of_the_host() -> None:
    """Lose this and `check='full'` is tested with features that QEMU gives no guest, or a domain is left."""
    trial: Any = Trial()
    element = cpu_element(trial, SPEC, "/usr/bin/qemu-system-x86_64")
    assert not list(cpu().differences(Cpu.of(f"<domain>{element}</domain>")))
    assert '<cpu mode="host-model"/>' in trial.asked
    assert trial.ended


@pytest.mark.parametrize("asked", [None, "host-passthrough", "host-model"])
def test_other_definitions_start_no_domain(asked: CpuDefinition | None) -> None:
    """Lose this and every guest of libvirt costs one start of QEMU more."""
    element = cpu_element(SimpleNamespace(), replace(SPEC, options=GuestOptions(cpu=asked)), "/usr/bin/qemu")
    assert element == (f'<cpu mode="{asked}"/>' if asked else "")


def test_guest_of_libvirt_has_the_cpu_of_one_of_qmp() -> None:
    """Lose this and x86_64 guests of libvirt get another CPU from a QEMU that knows more of the host."""
    power = GuestSpec("ppc64le", "pseries-7.2", 1, "idle", "bare", 0)
    for spec, is_host in ((replace(SPEC, options=USUAL), False), (power, True)):
        assert (cpu_element(SimpleNamespace(), spec, "/usr/bin/qemu") == HOST_CPU) is is_host


@pytest.mark.parametrize(
    "later,said",
    [
        (
            HOST_MODEL.replace("hypervisor", "x2apic"),
            ["missing features: hypervisor", "extra features: x2apic"],
        ),
        (HOST_MODEL.replace("'disable'", "'require'"), ["svm (disable)", "svm (require)"]),
        (HOST_MODEL.replace("EPYC", "EPYC-Rome"), ["model EPYC became model EPYC-Rome"]),
        (HOST_MODEL, []),
    ],
)
def test_change_of_a_cpu_is_reported(later: str, said: list[str]) -> None:
    """Lose this and a guest whose CPU changed on its way passes."""
    differences = "; ".join(cpu().differences(cpu(later)))
    assert bool(differences) == bool(said)
    assert all(word in differences for word in said)


def test_domain_without_a_cpu_has_another_one() -> None:
    """Lose this and a destination that reports no CPU at all passes."""
    assert list(cpu().differences(Cpu.of("<domain/>")))


@pytest.mark.parametrize("mode,has", [("custom", True), ("host-passthrough", False)])
def test_only_a_model_can_be_compared(mode: str, has: bool) -> None:
    """Lose this and libvirt is asked for a CPU that it calls incompatible with its own host."""
    assert cpu(mode=mode).has_model is has


def test_refusal_of_a_cpu_is_quoted() -> None:
    """Lose this and nobody learns before the move that the new host lacks features."""

    def compare(*_all: object) -> None:
        raise error_of(libvirt.VIR_ERR_CPU_INCOMPATIBLE, "the CPU is incompatible with host CPU")

    refusing: Any = SimpleNamespace(compareHypervisorCPU=compare)
    accepting: Any = SimpleNamespace(compareHypervisorCPU=lambda *_all: libvirt.VIR_CPU_COMPARE_SUPERSET)
    assert "incompatible" in why_refused(refusing, cpu(), SPEC, "/usr/bin/qemu")
    assert not why_refused(accepting, cpu(), SPEC, "/usr/bin/qemu")
