# SPDX-License-Identifier: Apache-2.0
"""Which answers show that KVM does what a test is about."""

import pytest

from fixtures.evidence.kvm import clock_source, irqchip_in_kernel, pages_by_fault

QTREE = 'bus: main-system-bus\n  dev: {ioapic}, id ""\n  dev: q35-pcihost\n      dev: {i8259}, id ""\n'


@pytest.mark.parametrize("source,held", [("kvm-clock", True), ("tsc", False), ("hpet", False)])
def test_guest_reads_kvm_clock(source: str, held: bool) -> None:
    """Lose this and a guest that has changed to the HPET passes as one of kvm-clock."""
    assert bool(clock_source({"source": source})) is held


@pytest.mark.parametrize(
    "ioapic,i8259,held",
    [
        ("kvm-ioapic", "kvm-i8259", True),
        ("ioapic", "isa-i8259", False),
        ("ioapic", "kvm-i8259", False),
        ("i82801b11-bridge", "ICH9-LPC", False),
    ],
    ids=["KVM's", "QEMU's", "both", "none"],
)
def test_irqchip_is_kvms(ioapic: str, i8259: str, held: bool) -> None:
    """Lose this and a guest whose interrupts QEMU makes passes as one of KVM's."""
    assert bool(irqchip_in_kernel(QTREE.format(ioapic=ioapic, i8259=i8259))) is held


@pytest.mark.parametrize("requests,held", [(1, True), (0, False), (None, False)])
def test_page_faults_fetched_pages(requests: int | None, held: bool) -> None:
    """Lose this and a postcopy in which no vCPU waited for a page counts as one of KVM's page faults."""
    assert bool(pages_by_fault(requests)) is held
