# SPDX-License-Identifier: Apache-2.0
"""What QEMU printed of a guest that hung because the end of an interrupt was lost."""

HUNG = """
CPU#0
RAX=000000000001ad40 RBX=0000000000000000 RCX=0000000000000000 RDX=4000000000000000
RIP=ffffffff81a4e8cb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
CPU#1
RAX=000000000001ad40 RBX=0000000000000000 RCX=ffff88800e30a460 RDX=4000000000000000
RIP=ffffffff81a4e8cb RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1
APIC#0
dumping local APIC state for CPU 0

LVTT\t 0x000200ec active-hi edge                 periodic     Fixed  (vec 236)
ISR\t 236
IRR\t 40 41 42 236

APIC#1
dumping local APIC state for CPU 1

LVTT\t 0x000000ec active-hi edge                 one-shot     Fixed  (vec 236)
ISR\t (none)
IRR\t (none)
"""
"""`info registers -a` and `info lapic` of debian-13 at boot, with the lines that matter here."""
