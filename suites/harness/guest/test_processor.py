# SPDX-License-Identifier: Apache-2.0
"""Do the agent's answers about registers become the right checks?"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import Unsupported
from fixtures.evidence.checks import Check
from fixtures.guest.processor import Processor, cpu_state_checks, registers_check

KEPT = {"kinds": "xmm,general", "compared": "48"}
SAME = {"values": "300", "differ": "0"}


def test_kept_registers_hold() -> None:
    """Lose this and every guest fails."""
    check = registers_check(KEPT)
    assert check
    assert check.detail == "xmm,general as before, 48 times"


def test_registers_without_values_are_said_to_have_none() -> None:
    """Lose this and a reader takes registers for checked that held nothing."""
    check = registers_check({**KEPT, "compared": "0"})
    assert check
    assert check.detail == "no vCPU held values in xmm,general while it was moved"


def test_lost_register_is_named_with_its_vcpu() -> None:
    """Lose this and two defects in two registers count as one."""
    check = registers_check({**KEPT, "0": "xmm3:01:00", "1": "mxcsr:a03f0000:801f0000"})
    assert not check
    assert check.what == "xmm3 of vCPU 0, mxcsr of vCPU 1"
    assert "xmm3 of vCPU 0 was 01 and is 00" in check.detail


def test_same_state_holds() -> None:
    """Lose this and every guest fails."""
    assert all(cpu_state_checks(SAME, "x86_64"))
    assert all(cpu_state_checks(SAME, "ppc64le"))


def test_changed_msr_is_named() -> None:
    """Lose this and nobody sees which MSR a build forgets."""
    answer = {**SAME, "1:msr:c0000084.0": "47700.0.0.0:0.0.0.0", "differ": "1"}
    cpuid, msr, _breakpoint = cpu_state_checks(answer, "x86_64")
    assert cpuid
    assert (msr.name, msr.held, msr.what) == ("msr", False, "FMASK of vCPU 1")
    assert "was 47700.0.0.0 and is 0.0.0.0" in msr.detail


def test_changed_cpuid_leaf_is_named() -> None:
    """Lose this and a processor feature that disappears under a running guest passes."""
    cpuid, msr, _breakpoint = cpu_state_checks({**SAME, "0:cpuid:7.0": "0.1.0.0:0.0.0.0"}, "x86_64")
    assert (cpuid.held, cpuid.what) == (False, "leaf 0x7.0 of vCPU 0")
    assert msr


def test_changed_special_register_is_named() -> None:
    """Lose this and a POWER guest passes although its processor version changes."""
    spr, _breakpoint = cpu_state_checks({**SAME, "0:spr:11f.0": "4e1202.0.0.0:missing"}, "ppc64le")
    assert (spr.held, spr.what) == (False, "PVR of vCPU 0")


def test_lost_breakpoint_is_named() -> None:
    """Lose this and a debugger in a guest no longer stops at its breakpoints."""
    *_others, check = cpu_state_checks({**SAME, "1:breakpoint:0.0": "1.0.0.0:0.0.0.0"}, "x86_64")
    assert (check.held, check.what) == (False, "debug registers of vCPU 1")


def test_processor_asks_for_registers_and_state() -> None:
    """Lose this and a check of the processor is not made, or not recorded."""
    answers = {"registers": {**KEPT, "1": "xmm0:01:00"}, "cpu-state": SAME}
    agent: Any = SimpleNamespace(ask=answers.__getitem__)
    recorded: list[Check] = []

    def record(check: Check) -> Check:
        recorded.append(check)
        return check

    assert [check.name for check in Processor(agent, record, "x86_64").is_the_same() if not check] == [
        "registers"
    ]
    assert [check.name for check in recorded] == ["registers", "cpuid", "msr", "breakpoint"]


def test_guest_without_the_wanted_registers_is_unsupported() -> None:
    """Lose this and a cell about AVX passes on an accelerator that has none."""
    agent: Any = SimpleNamespace(ask=lambda _command: KEPT)
    processor = Processor(agent, lambda check: check, "x86_64")
    processor.must_have("xmm")
    with pytest.raises(Unsupported, match="no ymm-high registers, only xmm, general"):
        processor.must_have("ymm-high")
