# SPDX-License-Identifier: Apache-2.0
"""What the firmware that asks CPUID brings back."""

import struct
from pathlib import Path

import pytest

from fixtures.hosts.local import LOCAL
from fixtures.run.executing import pair_under_test_of
from fixtures.still.cpuid import REQUESTS, cpuid_arguments, cpuid_differences, cpuid_of, registers
from fixtures.still.machine import StillFailure, StillMachine, StillSpec
from fixtures.sweep.recipes import bare_arguments

ONES = 0xFFFFFFFF
LAST_LEAF = "EBX of leaf 0xb, 1"


def _results(last: int) -> bytes:
    """A CPU whose last leaves are `last` and 0x80000000 + `last`, and that has all bits set elsewhere."""
    words = {0: last, 0x80000000: 0x80000000 + last}
    return b"".join(struct.pack("<4I", words.get(leaf.number, ONES), *[ONES] * 3) for leaf, _ in REQUESTS)


def test_leaves_that_a_cpu_does_not_have_are_left_out() -> None:
    """Lose this and the last leaf of a CPU, which may hold features of the accelerator, is a false alarm."""
    found = registers(_results(4))
    assert "EAX of leaf 0x4, 0" in found
    assert not {"EAX of leaf 0xb, 0", "ECX of leaf 0x80000008"} & found.keys()


def test_features_are_left_out() -> None:
    """Lose this and each feature that a newer TCG can do is a finding."""
    found = registers(_results(0x20))
    assert "ECX of leaf 0x1" not in found
    assert (found["EDX of leaf 0x1"], found["ECX of leaf 0x80000001"]) == (1 << 28, 2)


def test_difference_names_the_register() -> None:
    """Lose this and a finding does not say what a guest is shown."""
    old, new = {"EBX of leaf 0x1": 0x30800, "EAX of leaf 0x2": 1}, {"EBX of leaf 0x1": 0x40800}
    assert cpuid_differences(old, new) == ["EBX of leaf 0x1 was 0x30800 and is 0x40800"]


def test_subleaves_are_counted() -> None:
    """Lose this and a changed leaf 4 pushes all other leaves out of the message."""
    old = {f"EAX of leaf 0x4, {subleaf}": 1 for subleaf in range(3)} | {"EBX of leaf 0xb, 0": 1}
    new = dict.fromkeys(old, 2)
    assert cpuid_differences(old, new) == [
        "EAX of leaf 0x4, 0 was 0x1 and is 0x2 (3 subleaves)",
        "EBX of leaf 0xb, 0 was 0x1 and is 0x2",
    ]


@pytest.mark.parametrize("results", [bytes(16 * len(REQUESTS)), b""], ids=["zeros", "nothing"])
def test_firmware_that_did_not_run_is_a_failure(results: bytes) -> None:
    """Lose this and two builds that do not run the firmware show the same cores."""
    with pytest.raises(StillFailure, match="not run"):
        registers(results)


@pytest.mark.x86_64
def test_firmware_reads_the_topology_of_a_machine(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Lose this and the comparison of topologies compares zeros, and finds nothing."""
    shown = [_shown(request, tmp_path, smp) for smp in ("3,cores=3", "6,cores=3,threads=2")]
    assert [each[LAST_LEAF] for each in shown] == [3, 6]
    assert [each["EBX of leaf 0xb, 0"] for each in shown] == [1, 2]


def _shown(request: pytest.FixtureRequest, place: Path, smp: str) -> dict[str, int]:
    arguments = (*bare_arguments("x86_64", "q35"), "-cpu", "Nehalem", "-smp", f"{smp},sockets=1")
    spec = StillSpec("x86_64", (*arguments, *cpuid_arguments(place, LOCAL)))
    with StillMachine(
        pair_under_test_of(request.config).new, spec, place, "cpuid", incoming=False
    ) as machine:
        return cpuid_of(machine.up(), place)
