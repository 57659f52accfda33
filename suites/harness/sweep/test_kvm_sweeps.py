# SPDX-License-Identifier: Apache-2.0
"""Sweeps under KVM: their ids, on which host their machines are started, and with which arguments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.guest.accelerator import KVM
from fixtures.hosts.local import LOCAL, LocalHost
from fixtures.machine.probe import MachineType
from fixtures.matrix.names import ON_EMULATED_HOST
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.support import load_support
from fixtures.matrix.sweep_plan import SweepPlan, plans_of
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.qualify.venue import Venue
from fixtures.still.shown import Shown
from fixtures.sweep import compat_properties
from fixtures.sweep.cpus import sweep_cpus
from fixtures.sweep.forecasts import Judged
from fixtures.sweep.machines import sweep_machine_types
from fixtures.sweep.recipes import bare_arguments, machine_arguments
from fixtures.sweep.sweep import Sweep

NODEID = "suites/compat/test_sweeps.py::test_every_machine_type_moves[x86_64-kvm-machines]"
PLAN = SweepPlan("x86_64", "machines", everywhere=False, portion=0, portions=1, needs_kvm=True)


class _UnderTest:
    """Builds whose guests run under KVM of an emulated host."""

    matrix = SimpleNamespace(known_issues=(), support=load_support("everything"))

    def venue(self, arch: str, path: str, *, needs_kvm: bool) -> Venue:
        assert (arch, path, needs_kvm) == ("x86_64", "qmp", True)
        old, new = (cast("Any", SimpleNamespace(name=name)) for name in ("old", "new"))
        return Venue("emulated", old, new, LOCAL)


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """A sweep under KVM."""
    return Sweep(PLAN, cast("PairUnderTest", _UnderTest()), tmp_path, NODEID, str)


def test_sweeps_under_kvm_are_slow_and_the_others_stay_as_they_are() -> None:
    """Lose this and an old id names another test, or each default run takes minutes more."""
    plans = plans_of(load_matrix(MATRIX_FILE))
    under_kvm = [plan for plan in plans if plan.needs_kvm]
    assert {plan.id for plan in under_kvm} >= {"x86_64-kvm-machines", "ppc64le-kvm-devices"}
    assert all({"kvm", "slow"} <= set(plan.marks) for plan in under_kvm)
    assert not any("kvm" in plan.marks or "kvm" in plan.id for plan in plans if not plan.needs_kvm)


def test_machine_under_kvm_is_started_with_kvm(sweep: Sweep) -> None:
    """Lose this and a sweep under KVM is one more under TCG, or QEMU finds no /dev/kvm."""
    spec = sweep.spec(bare_arguments("x86_64", "pc-q35-7.2", sweep.venue.place))
    assert spec.arguments[:4] == ("-machine", "pc-q35-7.2", "-accel", "kvm")
    assert KVM in spec.devices


def test_update_under_kvm_is_asked_for_once_and_boots_no_host_by_itself(tmp_path: Path) -> None:
    """Lose this and the rounds under KVM are left out, or a host is booted that nothing runs on."""
    (plan,) = (
        plan for plan in plans_of(load_matrix(MATRIX_FILE)) if plan.part == "update" and plan.needs_kvm
    )
    assert (plan.id, plan.path) == ("x86_64-kvm-update", "libvirt")
    old, new = (cast("Any", SimpleNamespace(name=name)) for name in ("old", "new"))
    under_test = SimpleNamespace(old=old, new=new, place=lambda *_all, **_more: "emulated")
    venue = Sweep(plan, cast("PairUnderTest", under_test), tmp_path, NODEID, str).venue
    assert (venue.place, venue.accelerator, venue.programs) == ("emulated", "kvm", LOCAL)
    assert (venue.old, venue.new) == (old, new)


def test_machine_under_tcg_sees_no_device_of_the_host(tmp_path: Path) -> None:
    """Lose this and a sweep under TCG depends on the test host."""
    under_test = SimpleNamespace(old=None, new=None)
    plan = plans_of(load_matrix(MATRIX_FILE))[0]
    spec = Sweep(plan, cast("PairUnderTest", under_test), tmp_path, NODEID, str).spec(("-S",))
    assert (spec.devices, spec.programs) == ((), LOCAL)


def test_power_machine_on_an_emulated_host_lacks_what_that_cpu_lacks() -> None:
    """Lose this and no pseries machine type starts under KVM of an emulated host."""
    arguments = machine_arguments("ppc64le", "pseries-7.2", [], "emulated")
    assert "cap-large-decr=off" in arguments[1]
    assert "-cpu" not in arguments


def test_cell_under_kvm_has_an_id_and_an_accelerator_of_its_own(sweep: Sweep) -> None:
    """Lose this and the result under KVM hides that under TCG."""
    cell = sweep.keep("pc-q35-7.2", "machine", Judged(Outcome.PASS, "", []))
    assert cell.id == "compat/x86_64-kvm-pc-q35-7.2-qmp-precopy-machine"
    assert cell.accelerator == ON_EMULATED_HOST


def test_versions_of_a_cpu_model_are_not_moved_under_kvm(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the night takes a quarter of an hour more."""
    moved: list[str] = []
    monkeypatch.setattr("fixtures.sweep.cpus._move", lambda _sweep, _type, model: moved.append(model))
    monkeypatch.setattr("fixtures.sweep.cpus._compare", lambda *_: None)
    sweep_cpus(sweep, "pc-q35-7.2", ["EPYC", "EPYC-v2", "host"])
    assert moved == ["EPYC", "host"]


def test_sweep_without_kvm_is_one_unsupported_cell(sweep: Sweep) -> None:
    """Lose this and `--accelerator tcg` ends in an error of the suite."""
    sweep.keep_unsupported(str(Unsupported("it needs KVM")))
    assert [cell.id for cell in sweep.cells] == ["compat/x86_64-kvm-machines"]


class _Moves:
    """Moves that all pass; it records them."""

    kept = True

    def __init__(self) -> None:
        self.made: list[tuple[str, str]] = []
        self.lines: list[str] = []

    def saved(self, build: Any) -> None:
        self.made.append((build.name, ""))

    def run(self, source: Any, destination: Any) -> RunRecord:
        self.made.append((source.name, destination.name))
        return RunRecord(source.name, destination.name, "pass")


def test_machine_type_under_kvm_is_moved_once(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a night starts twice as many machines, or reports a removed type twice."""
    moves = _Moves()
    machine = MachineType("pc-q35-7.2", None, deprecated=False)
    gone = MachineType("pc-q35-2.4", None, deprecated=False)
    probe = SimpleNamespace(machine_types=(machine, gone), offers=lambda name: name == machine.name)
    monkeypatch.setattr(Sweep, "probes", (probe, probe))
    monkeypatch.setattr(Sweep, "moves", lambda _sweep, _arguments: moves)
    sweep_machine_types(sweep)
    assert [cell.outcome for cell in sweep.cells] == [Outcome.PASS]
    assert moves.made == [("old", ""), ("old", "new")]


def test_failure_of_the_host_is_no_outcome(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a device is blamed for the memory that the emulated host did not have."""

    class Full(LocalHost):
        def check(self) -> None:
            raise RigError("the emulated host ran out of memory")

    sweep.venue = replace(sweep.venue, programs=Full())
    with pytest.raises(RigError, match="out of memory"):
        sweep.keep("pc-q35-7.2", "machine", Judged(Outcome.REGRESSION, "gone", []))


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The accelerators of machines that are started, on builds with different defaults of a CPU model."""
    accelerators: list[str] = []
    probe = SimpleNamespace(
        machine_types=(MachineType("pc-q35-7.2", None, deprecated=False),), offers=lambda _name: True
    )

    @contextmanager
    def start(_sweep: Sweep, build: Any, arguments: Sequence[str], _name: str) -> Iterator[Any]:
        accelerators.append(arguments[3])
        yield build

    monkeypatch.setattr(Sweep, "probes", (probe, probe))
    monkeypatch.setattr(Sweep, "started", start)
    monkeypatch.setattr(compat_properties, "probed", lambda *_: None)
    monkeypatch.setattr(compat_properties, "shown_by", lambda _machine: Shown("", [], {}, {}))
    monkeypatch.setattr(
        compat_properties, "cpus_of", lambda build, *_: {"EPYC": {"kvm-pv-eoi": build.name == "old"}}
    )
    return accelerators


def test_cpu_of_a_machine_type_that_changes_under_kvm_is_found(sweep: Sweep, started: list[str]) -> None:
    """Lose this and what KVM gives a guest by default changes unseen, because TCG has none of it."""
    compat_properties.sweep_properties(sweep, "q35")
    found = {cell.subject: cell for cell in sweep.cells}
    assert started == ["kvm", "kvm"]
    assert found["cpu-features:EPYC"].outcome is Outcome.REGRESSION
    assert "kvm-pv-eoi was on and is off on pc-q35-7.2" in found["cpu-features:EPYC"].reason
    assert found["machine-properties"].outcome is Outcome.PASS


def test_family_of_which_nothing_is_wanted_is_not_started(sweep: Sweep, started: list[str]) -> None:
    """Lose this and `--subject` waits for minutes for machines that it does not ask for."""
    sweep.wanted = "pc/*"
    compat_properties.sweep_properties(sweep, "q35")
    assert started == []
