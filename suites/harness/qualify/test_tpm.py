# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest whose TPM a build cannot emulate."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.errors import Unsupported
from fixtures.machine.machine_types import Removed
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import GuestOptions
from fixtures.matrix.names import PathName
from fixtures.matrix.tpms import SWTPM, SWTPM_SETUP, TpmOptions
from fixtures.outcome.outcome import Outcome
from fixtures.qualify.tpm import with_possible_tpm
from fixtures.qualify.venue import Venue
from suites.harness.support.scripted_attempts import CELL, Stage

OF_A_SUITE = replace(CELL, options=GuestOptions(tpm=TpmOptions("tpm-crb")))
OF_THE_FIELD = replace(OF_A_SUITE, hardware="virt-install-uefi")
ALL = (SWTPM, SWTPM_SETUP)


def venue(place: Path, old: tuple[str, ...] = ALL, new: tuple[str, ...] = ALL) -> Venue:
    """Two builds that have these programs only."""
    for name, programs in (("old", old), ("new", new)):
        (place / name / "usr/bin").mkdir(parents=True)
        for program in programs:
            (place / name / program.removeprefix("/")).touch()
    builds = [Build(name, Sandbox(place / name), {}, is_system=False) for name in ("old", "new")]
    return Venue("tcg", builds[0], builds[1])


@pytest.mark.parametrize("its", [OF_A_SUITE, OF_THE_FIELD])
def test_guest_has_its_tpm_where_both_builds_have_swtpm(its: Cell, tmp_path: Path) -> None:
    """Lose this and no guest has a TPM, and nobody sees it."""
    assert with_possible_tpm(its, venue(tmp_path)) == (its, "")


@pytest.mark.parametrize("old, new", [((), ALL), (ALL, ())])
def test_guest_that_is_about_its_tpm_is_unsupported(
    old: tuple[str, ...], new: tuple[str, ...], tmp_path: Path
) -> None:
    """Lose this and a cell about TPMs passes with a guest that has none."""
    lacks = "old" if not old else "new"
    with pytest.raises(Unsupported, match=rf"^build {lacks} has no /usr/bin/swtpm \(package swtpm\)"):
        with_possible_tpm(OF_A_SUITE, venue(tmp_path, old, new))


def test_guest_of_the_field_goes_without(tmp_path: Path) -> None:
    """Lose this and no UEFI guest of virt-install is moved out of debian-11, which has no swtpm."""
    cell, why = with_possible_tpm(OF_THE_FIELD, venue(tmp_path, old=()))
    assert cell == replace(OF_THE_FIELD, options=GuestOptions())
    assert why.startswith("its guest has no TPM: build old has no /usr/bin/swtpm (package swtpm)")


def test_guest_of_the_field_whose_tpm_the_new_build_lacks_is_unsupported(tmp_path: Path) -> None:
    """Lose this and a guest with a TPM counts as moved to a host that cannot have it."""
    with pytest.raises(Unsupported, match=r"^build new has no /usr/bin/swtpm "):
        with_possible_tpm(OF_THE_FIELD, venue(tmp_path, new=()))


@pytest.mark.parametrize("its", [OF_A_SUITE, OF_THE_FIELD])
def test_system_that_no_longer_has_swtpm_strands_its_guests(its: Cell, tmp_path: Path) -> None:
    """Lose this and an update that drops swtpm is judged safe."""
    where = venue(tmp_path, new=())
    systems = replace(where, new=replace(where.new, is_system=True))
    with pytest.raises(Removed, match=r"^build new has no /usr/bin/swtpm .*; the old build has it$"):
        with_possible_tpm(its, systems)
    without = replace(systems, old=replace(systems.new, name="old"))
    with nullcontext() if its.is_field_guest else pytest.raises(Unsupported, match=r"^build old has no"):
        with_possible_tpm(its, without)


@pytest.mark.parametrize("path, needs", [("libvirt", SWTPM_SETUP), ("qmp", "")])
def test_only_libvirt_needs_swtpm_setup(path: PathName, needs: str, tmp_path: Path) -> None:
    """Lose this and libvirt fails to start a guest, or QMP moves none where swtpm_setup is not installed."""
    _, why = with_possible_tpm(replace(OF_THE_FIELD, path=path), venue(tmp_path, old=(SWTPM,)))
    assert needs in why
    assert bool(why) == bool(needs)


def test_emulated_host_has_no_swtpm(tmp_path: Path) -> None:
    """Lose this and a swtpm of this machine is given to a QEMU that runs elsewhere."""
    emulated = replace(venue(tmp_path), place="emulated")
    assert "emulated host" in with_possible_tpm(OF_THE_FIELD, emulated)[1]
    with pytest.raises(Unsupported, match="emulated host"):
        with_possible_tpm(OF_A_SUITE, emulated)


def test_missing_tpm_is_reported(stage: Stage) -> None:
    """Lose this and a report counts a guest without a TPM as one that was moved with it."""
    result = stage.judge({}, cell=OF_THE_FIELD)
    assert result.outcome is Outcome.PASS
    assert result.reason.startswith("its guest has no TPM: build ")
