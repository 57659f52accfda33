# SPDX-License-Identifier: Apache-2.0
"""Which file a build runs as QEMU where a wrapper script starts it, as distributions have them."""

import shutil
import sys
from pathlib import Path

import pytest

from fixtures.builds.build import Build
from fixtures.errors import UsageError
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.machine.host import HostSetup
from fixtures.machine.probe import executable_file, probed
from fixtures.machine.qmp_machine import QmpMachine
from fixtures.matrix.guestspec import GuestSpec
from fixtures.qualify.same_qemu import demand_two_qemus, digest_of, notes_on_shared, shares_qemu
from suites.harness.support.fake_qemu import ANSWERS, fake_build
from suites.harness.support.own_loader import own_loader

ARCH = "x86_64"
SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
EXEC = 'exec {real} -I {script} "$@"'
STAYS = '{real} -I {script} "$@"; exit $?'
LOADS = 'exec {loader} {real} -I {script} "$@"'


def wrapped(place: Path, name: str, wrapper: str = EXEC, real: Path | None = None) -> Build:
    """A build whose program is a shell script, and whose QEMU is a program of its own, or `real`."""
    place /= name
    place.mkdir()
    fake_build(place, ANSWERS)
    script = (place / "qemu-system-x86_64").rename(place / "script")
    own = place / "real-qemu"
    shutil.copy(Path(sys.executable).resolve(), own)
    text = wrapper.format(real=real or own, script=script, loader=own_loader())
    program = place / "qemu-system-x86_64"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return Build(name, fake_build(place.parent, "").sandbox, {ARCH: str(program)})


def runs_program_of(runner: Build, named: Build, place: Path) -> bool:
    """Is what `runner` runs taken for the program of `named`?"""
    with attempt_dir() as attempt:
        host = HostSetup(place, place, "tcg").at(attempt)
        machine = QmpMachine.start(runner, SPEC, host, "destination", incoming=True)
        try:
            return machine.runs_program_of(named)
        finally:
            machine.close()


@pytest.fixture
def old(tmp_path: Path) -> Build:
    """A build with a wrapper."""
    return wrapped(tmp_path, "old")


@pytest.fixture
def new(tmp_path: Path) -> Build:
    """Another one, with a QEMU of its own."""
    return wrapped(tmp_path, "new")


def test_what_a_wrapper_execs_is_found(new: Build, tmp_path: Path) -> None:
    """Lose this and a QEMU that a wrapper starts fails as `NOT the executable of` its build."""
    assert probed(new, ARCH).executable == str(tmp_path / "new" / "real-qemu")


def test_wrapper_on_one_side_proves_the_new_build(new: Build, tmp_path: Path) -> None:
    """Lose this and an update to a distribution that uses wrappers is never safe."""
    other = fake_build(tmp_path, ANSWERS, "other")
    assert runs_program_of(new, new, tmp_path)
    assert not runs_program_of(other, new, tmp_path)


def test_wrappers_on_both_sides_prove_which_build_runs(old: Build, new: Build, tmp_path: Path) -> None:
    """Lose this and a pair with wrappers is safe, whichever QEMU runs the guest."""
    assert runs_program_of(new, new, tmp_path)
    assert not runs_program_of(old, new, tmp_path)
    demand_two_qemus(old, new, ARCH)


def test_wrapper_that_stays_is_refused(tmp_path: Path) -> None:
    """Lose this and a wrapper that does not exec is a defect of QEMU in every cell."""
    with pytest.raises(UsageError, match="stays and runs QEMU as its child: use `exec` in it"):
        probed(wrapped(tmp_path, "new", STAYS), ARCH)


def test_dynamic_loader_is_refused(tmp_path: Path) -> None:
    """Lose this and the loader, which all programs share, proves that the new build runs."""
    with pytest.raises(UsageError, match=r"runs QEMU by .*, which is the same for every program"):
        probed(wrapped(tmp_path, "new", LOADS), ARCH)


def test_two_wrappers_of_one_qemu_are_refused(old: Build, tmp_path: Path) -> None:
    """Lose this and two wrappers of the same QEMU are `safe`, although nothing is updated."""
    same = wrapped(tmp_path, "same", real=executable_file(old, ARCH))
    with pytest.raises(UsageError, match="builds old and same: both run the same QEMU for x86_64"):
        demand_two_qemus(old, same, ARCH)


def test_one_qemu_in_two_roots_is_noted(old: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and linked roots with one QEMU are `safe` in silence."""
    same = wrapped(tmp_path, "same", real=executable_file(old, ARCH))
    monkeypatch.setattr("pathlib.Path.samefile", lambda path, _other: path != Path("/"))
    demand_two_qemus(old, same, ARCH)
    (note,) = notes_on_shared(old, same, [ARCH])
    assert note.startswith("same runs the same QEMU for x86_64 as old")


def test_build_with_itself_needs_no_second_qemu(old: Build) -> None:
    """Lose this and no build can be tried with itself."""
    assert not shares_qemu(old, old, ARCH)


def test_digest_covers_what_a_wrapper_starts(old: Build) -> None:
    """Lose this and an updated QEMU behind an unchanged wrapper counts as the same build."""
    before = digest_of(old, [ARCH])
    with executable_file(old, ARCH).open("ab") as qemu:
        qemu.write(b"updated")
    assert digest_of(old, [ARCH]) != before
