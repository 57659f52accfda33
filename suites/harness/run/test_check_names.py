# SPDX-License-Identifier: Apache-2.0
"""Each check that a run can report has a seeded defect that it finds, or a reason why it has none."""

from pathlib import Path

import pytest

from suites.harness.support import check_names as names
from suites.harness.support.all_seeds import SEEDED
from suites.harness.support.check_names import check_names
from suites.harness.support.seeded_table import checks_of
from suites.harness.support.seeds_of_packages import KVM_SEEDS, PACKAGE_SEEDS

BY_LIBVIRT = (
    "libvirt decides it by itself: no stand-in is between it and QEMU, and no word of its files decides"
)
OF_THE_TEST = "it shows that the test's own load is what the test needs, and no build is at fault"
WAITS = "it fails after the longest wait only, in each of three moves"
WITHOUT_SEED = {
    "abort-refused": BY_LIBVIRT,
    "definition": BY_LIBVIRT,
    "events": BY_LIBVIRT,
    "machine-type": BY_LIBVIRT,
    "dirty-rate": OF_THE_TEST,
    "hopeless": OF_THE_TEST,
    "encrypted": "what is sent in plain text to a side that expects TLS fails to migrate before",
    "boot": "it is only recorded when it holds",
    "beats": "a guest that loses one is broken, and `alive` or `panic` finds that first",
    "wake": "a vCPU that does not wake is found by `alive` or `vcpus`, which are asked before",
    "clock": "Linux does not let its clock go back, whatever its counter does",
    "converges": WAITS,
}


def test_each_check_has_a_seed_that_it_finds() -> None:
    """Lose this and a new check passes every guest, broken or not, and nobody notices."""
    seeded = {check for build in SEEDED for seed in build.seeds for check in checks_of(seed)}
    seeded |= {seed.check for seed in (PACKAGE_SEEDS | KVM_SEEDS).values()}
    assert check_names() - seeded == WITHOUT_SEED.keys()


def test_names_are_found_however_they_are_written() -> None:
    """Lose this and a check whose name is a constant, or is passed on, needs no seed."""
    written = {"clock-source", "state", "cpu-accepted", "plug", "tsc", "spr", "domjobinfo", "migrate"}
    assert written <= check_names()


def test_name_that_cannot_be_read_from_the_source_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and checks whose names a function computes need no seed."""
    monkeypatch.setattr(names, "COMPUTED", {})
    with pytest.raises(ValueError, match=r"processor\.py:\d+: which checks `kind` names is not known"):
        check_names()


@pytest.mark.parametrize("name", ["'a' if held else 'b'", "f'{prefix}-a'", "prefix + '-a'"])
def test_name_that_an_expression_computes_fails(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a check that is named where it is made, but not by one text, needs no seed."""
    (tmp_path / "x.py").write_text(f"Check({name}, held)\n")
    monkeypatch.setattr(names, "ROOT", tmp_path)
    monkeypatch.setattr(names, "_files", lambda: [tmp_path / "x.py"])
    with pytest.raises(ValueError, match=r"x\.py:1: which checks `.*` names is not known"):
        check_names()
