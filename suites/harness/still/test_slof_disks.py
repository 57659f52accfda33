# SPDX-License-Identifier: Apache-2.0
"""What SLOF says of the disks that it boots from."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.hosts.local import LOCAL
from fixtures.run.executing import pair_under_test_of
from fixtures.still.machine import StillFailure, StillMachine, StillSpec
from fixtures.still.slof_disks import DISKS, DONE, names_in, read_by_slof, slof_arguments
from fixtures.sweep.recipes import bare_arguments

SAID = "Trying to load:  from: /pci/scsi@1 ... HOTPATCH-DISK=usb-storage\n\nE3405: No such device\n"


def test_disks_are_known_by_what_they_print() -> None:
    """Lose this and what a disk prints about another one counts."""
    said = f"{SAID}HOTPATCH-DISK=unknown\n{SAID}{DONE}\n"
    assert names_in(said, ["spapr-vscsi", "usb-storage"]) == ["usb-storage"]


def test_slof_that_did_not_try_all_disks_is_a_failure() -> None:
    """Lose this and two builds whose SLOF hangs boot from the same disks."""
    with pytest.raises(StillFailure, match="not tried all"):
        names_in(SAID, ["usb-storage"])


@pytest.mark.ppc64le
def test_old_build_boots_from_every_disk(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Lose this and a disk that is put together wrongly, and boots nowhere, is never compared."""
    arguments = (*bare_arguments("ppc64le", "pseries"), *slof_arguments(DISKS, tmp_path, LOCAL))
    build = pair_under_test_of(request.config).old
    with StillMachine(build, StillSpec("ppc64le", arguments), tmp_path, "slof", incoming=False) as machine:
        read = read_by_slof(machine.up(), tmp_path, DISKS)
    assert read == [disk.name for disk in DISKS]
