# SPDX-License-Identifier: Apache-2.0
"""Are the registers that two builds print compared by name and value?"""

from __future__ import annotations

import pytest

from fixtures.evidence.registers import registers_as_before, registers_of, same_registers

X86 = """
CPU#0
RAX=000000000001ad40 RBX=0000000000000000 RCX=0000000000000000 RDX=4000000000000000
R8 =ffffffffffc596bd R9 =000000003cf3c005 R10=00000000fffffffb R11=0000000000000000
RIP=ffffffff81a4e8cb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
CS =0010 0000000000000000 ffffffff 00a09b00 DPL=0 CS64 [-RA]
GDT=     fffffe0000001000 0000007f
DR6=00000000ffff0ff0 DR7=0000000000000400
FCW=037f FSW=0000 [ST=0] FTW=00 MXCSR=00001f80
FPR0=0000000000000000 0000 FPR1=0000000000000000 0000
XMM00=0000000000000003 0000000000000000 XMM01=0000000000000000 0000000000000003

CPU#1
RAX=000000000001ad40 RBX=0000000000000000 RCX=0000000000000001 RDX=4000000000000000
XMM00=0000000000000005 0000000000000000
"""
POWER = """
CPU#0
NIP c0000000000e1130   LR c000000000a6dea8 CTR c000000000a6dd80 XER 00000000000000f8 CPU#0
MSR 800000000280a033 HID0 0000000000000000  HF 2680203d iidx 1 didx 1
TB 00000001 5615568997 DECR 18446744073706625174
GPR04 c0000000026322f8 0000000000000001 000000014e6b3e6c 000000001dc20000
CR 44000882  [ G  G  -  -  -  L  L  E  ]     RES 004@ffffffffffffffff
FPR08 0000000000000000 0000000010111040 000000001010c380 00000000101111a0
FPSCR 0000000000000000
 SRR0 c0000000000e1130  SRR1 800000000280a033    PVR 0000000000801200 VRSAVE 00000000000000ff
"""


@pytest.mark.parametrize(
    "text,vcpu,name,value",
    [
        (X86, 0, "RAX", (0x1AD40,)),
        (X86, 0, "R8", (0xFFFFFFFFFFC596BD,)),
        (X86, 0, "HLT", (1,)),
        (X86, 0, "CS", (0x10, 0, 0xFFFFFFFF, 0xA09B00)),
        (X86, 0, "MXCSR", (0x1F80,)),
        (X86, 0, "FPR1", (0, 0)),
        (X86, 0, "XMM01", (3,)),
        (X86, 1, "XMM00", (5 << 64,)),
        (POWER, 0, "LR", (0xC000000000A6DEA8,)),
        (POWER, 0, "GPR6", (0x14E6B3E6C,)),
        (POWER, 0, "CR", (0x44000882,)),
        (POWER, 0, "FPR11", (0x101111A0,)),
        (POWER, 0, "VRSAVE", (0xFF,)),
    ],
)
def test_register_is_read(text: str, vcpu: int, name: str, value: tuple[int, ...]) -> None:
    """Lose this and a register that a build forgets is not compared."""
    assert registers_of(text)[vcpu, name] == value


@pytest.mark.parametrize("text", [X86, POWER], ids=["x86", "power"])
def test_same_registers_hold(text: str) -> None:
    """Lose this and every paused guest fails."""
    assert same_registers(text, text)


def test_vector_register_is_compared_in_the_format_of_qemu_5() -> None:
    """Lose this and each paused guest that comes from QEMU 5.2 is a false regression."""
    assert same_registers(X86.replace("0000000000000003 0000000000000000", f"{3:016x}{0:016x}"), X86)


@pytest.mark.parametrize(
    "text,old,new,what",
    [
        (X86, "XMM00=0000000000000005", "XMM00=0000000000000000", "XMM00 of vCPU 1"),
        (X86, "MXCSR=00001f80", "MXCSR=00000000", "MXCSR of vCPU 0"),
        (X86, "00a09b00", "00a09a00", "CS of vCPU 0"),
        (POWER, "MSR 800000000280a033", "MSR 800000000280a032", "MSR of vCPU 0"),
        (POWER, "0000000010111040", "0000000000000000", "FPR9 of vCPU 0"),
        (POWER, "VRSAVE 00000000000000ff", "VRSAVE 0000000000000000", "VRSAVE of vCPU 0"),
    ],
)
def test_changed_register_is_named(text: str, old: str, new: str, what: str) -> None:
    """Lose this and nobody sees which register a build forgets."""
    check = same_registers(text, text.replace(old, new))
    assert (check.held, check.what) == (False, what)


def test_counters_may_go_on() -> None:
    """Lose this and a guest fails because its time base counts."""
    assert same_registers(POWER, POWER.replace("5615568997", "5615999999").replace("HF 2680203d", "HF 2600"))


def test_machine_check_enable_is_left_out() -> None:
    """Lose this and every POWER guest under TCG fails for a bit that does nothing there."""
    assert same_registers(POWER, POWER.replace("MSR 800000000280a033", "MSR 800000000280b033"))


def test_another_format_of_the_same_value_is_no_change() -> None:
    """Lose this and every pair of builds that print registers in another width fails."""
    assert same_registers(X86, X86.replace("MXCSR=00001f80", "MXCSR=1f80"))


def test_text_without_registers_is_no_proof() -> None:
    """Lose this and a build that prints no registers passes."""
    assert not same_registers(X86, "unknown command: 'info registers'")


def test_path_that_cannot_ask_makes_no_check() -> None:
    """Lose this and every paused guest that libvirt moves fails."""
    assert registers_as_before(None, None) == []
