# SPDX-License-Identifier: Apache-2.0
"""What the program that reads disks by the BIOS brings back."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.hosts.local import LOCAL
from fixtures.run.executing import pair_under_test_of
from fixtures.still.bios_disks import (
    DISKS,
    DONE,
    MOST_DISKS,
    NAME_BYTES,
    bios_arguments,
    names_in,
    read_by_bios,
)
from fixtures.still.machine import StillFailure, StillMachine, StillSpec
from fixtures.sweep.recipes import bare_arguments


def _results(*names: bytes) -> bytes:
    return b"".join(name.ljust(NAME_BYTES, b"\0") for name in names).ljust(MOST_DISKS * NAME_BYTES, b"\0")


def test_what_no_disk_has_written_is_left_out() -> None:
    """Lose this and what a BIOS leaves in RAM passes for a disk."""
    results = _results(b"nvme", b"\x90\xff", b"", b"usb-storage") + DONE
    assert names_in(results, ["nvme", "usb-storage", "ide-hd"]) == ["nvme", "usb-storage"]


@pytest.mark.parametrize("results", [b"", _results(b"nvme")], ids=["nothing", "no end"])
def test_program_that_did_not_run_is_a_failure(results: bytes) -> None:
    """Lose this and two builds that do not run the program read the same disks."""
    with pytest.raises(StillFailure, match="not run"):
        names_in(results, ["nvme"])


@pytest.mark.x86_64
@pytest.mark.parametrize("machine_type", ["pc", "q35"])
def test_old_build_reads_every_disk(
    machine_type: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Lose this and a disk that no build reads, because it is put together wrongly, is never compared."""
    arguments = (*bare_arguments("x86_64", machine_type), *bios_arguments(DISKS, tmp_path, LOCAL))
    build = pair_under_test_of(request.config).old
    with StillMachine(build, StillSpec("x86_64", arguments), tmp_path, "bios", incoming=False) as machine:
        read = read_by_bios(machine.up(), tmp_path, DISKS)
    assert sorted(read) == sorted(disk.name for disk in DISKS)
