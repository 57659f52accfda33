# SPDX-License-Identifier: Apache-2.0
"""What a silent guest is doing, from its registers and its console."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.evidence.beats import Line
from fixtures.guest.diagnosis import diagnosed, restarted, trouble_class, vcpu_places, vcpus_work
from fixtures.matrix.guestspec import GuestSpec

X86 = """
CPU#0
RAX=000000000000000d RBX=ffffffff82a0f940 RCX=0000000000000000 RDX=0000000000000000
RIP=ffffffff81c1e3bb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
CPU#1
RAX=0000000000000000 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000
RIP=0000000000401a2b RFL=00000246 [---Z-P-] CPL=3 II=0 A20=1 SMM=0 HLT=0
CPU#2
RIP=ffffffff81c1e3bb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=0
CPU#3
EAX=00000000 EBX=00000000 ECX=00000000 EDX=00000663
EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
"""
POWER = """
CPU#0
NIP c0000000000f1f00   LR c0000000000f1e60 CTR c0000000000f1ea0 XER 0000000000000000 CPU#0
MSR 8000000002009033 HID0 0000000000000000  HF 34000004 iidx 3 didx 3
CPU#1
NIP 0000000010001234   LR 0000000010001200 CTR 0000000000000000 XER 0000000000000000 CPU#1
MSR 800000000000d033 HID0 0000000000000000  HF 34000004 iidx 3 didx 3
CPU#2
NIP 000000000dc0fe00   LR 000000000dc0fd00 CTR 0000000000000000 XER 0000000000000000 CPU#2
MSR 8000000000001000 HID0 0000000000000000  HF 34000004 iidx 3 didx 3
"""


@pytest.mark.parametrize(
    "registers, kinds",
    [
        (X86, ["halted", "in user space", "in the kernel", "in firmware"]),
        (POWER, ["in the kernel", "in user space", "in firmware"]),
        ("", []),
        ("CPU#0\nnonsense", []),
    ],
)
def test_place_of_each_vcpu_is_read_from_its_registers(registers: str, kinds: list[str]) -> None:
    """Lose this and a guest that is stuck in firmware is reported as silent, like any other."""
    assert [place.kind for place in vcpu_places(registers)] == kinds


def test_place_is_shown_with_its_address() -> None:
    """Lose this and a maintainer cannot look up where the vCPU hangs."""
    assert str(list(vcpu_places(X86))[3]) == "vCPU 3 is in firmware at 0000fff0"


@pytest.mark.parametrize(
    "registers, what",
    [
        (X86.partition("CPU#3")[0], "hangs"),
        (X86.partition("CPU#1")[0], "hangs"),
        (X86, "hangs in firmware"),
    ],
)
def test_where_linux_hangs_does_not_make_another_defect(registers: str, what: str) -> None:
    """Lose this and a vCPU that stands still is flaky, because another one is halted or waits for it."""
    machine: Any = SimpleNamespace(registers=lambda: registers, marks=lambda _since: [])
    assert diagnosed(machine, [], 0.0).what == what


@pytest.mark.parametrize(
    "text", [b"H 3 x86_64 2 4096 6.12.48", b"SeaBIOS (version 1.16.3)", b"Linux version 6"]
)
def test_guest_that_starts_anew_is_recognised(text: bytes) -> None:
    """Lose this and a triple fault is reported as a hang."""
    assert restarted([Line(1.0, text)])
    assert not restarted([Line(1.0, b"B 12 48000 7,9 1 *abcd"), Line(2.0, b"I/O error")])


@pytest.mark.parametrize(
    "stuck, whose",
    [([0, 1], "every vCPU"), ([0], "the vCPU that beats"), ([1], "a vCPU that does not beat"), ([], "")],
)
def test_stuck_vcpu_is_named_by_what_it_does(stuck: list[int], whose: str) -> None:
    """Lose this and a dead vCPU of the old build excuses another one that the update kills."""
    check = vcpus_work(stuck, GuestSpec("x86_64", "pc-q35-10.0", 2, "idle", "bare", 0), 6.0)
    assert (bool(check), check.what) == (not stuck, whose)


def test_trouble_is_classed() -> None:
    """Lose this and an I/O error of the old build excuses an oops that the update causes."""
    lines = (
        "rcu: INFO: rcu_sched self-detected stall",
        "I/O error, dev vda",
        "BUG: unable to handle page fault",
    )
    assert [trouble_class(line) for line in lines] == ["stall", "I/O error", "oops"]
    assert trouble_class("something else") == ""
