# SPDX-License-Identifier: Apache-2.0
"""What the guest agent says of its processor, from what Linux says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

POWER = {
    "cpuinfo": (
        "processor\t: 0\ncpu\t\t: POWER9 (architected), altivec supported\nclock\t\t: 1000.000000MHz\n"
        "revision\t: 2.0 (pvr 004e 1200)\n\ntimebase\t: 512000000\nplatform\t: pSeries\n"
        "machine\t\t: CHRP IBM pSeries (emulated by qemu)\nMMU\t\t: Radix\n"
    ),
    "interrupts": "           CPU0\n 16:          0  XIVE-IPI   0 Edge      IPI-0\n",
    "thread_siblings_list": "0-1\n",
    "current_clocksource": "timebase\n",
}
X86 = {
    "cpuinfo": "processor\t: 0\ncpu family\t: 15\nmodel name\t: QEMU Virtual CPU version 2.5+\n",
    "interrupts": "           CPU0\n  4:         77   IO-APIC   4-edge      ttyS0\n",
}


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints what the agent says."""
    return compiled_part("identity", ["identity", "text"], tmp_path_factory.mktemp("identity"))


@pytest.mark.parametrize(
    "arch,files,said",
    [
        (
            "ppc64le",
            POWER,
            "cpu=POWER9%20%28architected%29%2C%20altivec%20supported mmu=Radix interrupts=XIVE threads=0-1 ",
        ),
        ("ppc64le", POWER | {"interrupts": " 16:  0  XICS   2 Edge  IPI\n"}, "interrupts=XICS "),
        ("x86_64", X86, "cpu=QEMU%20Virtual%20CPU%20version%202.5%2B mmu= interrupts= threads="),
    ],
)
def test_agent_names_the_processor(
    identity: Part, tmp_path: Path, arch: str, files: dict[str, str], said: str
) -> None:
    """Lose this and a cell about a kind of POWER guest is an error, or is about another kind."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert said in identity(arch, str(tmp_path))
