# SPDX-License-Identifier: Apache-2.0
"""Cells that the accelerator itself breaks, and the canaries that show that it still does."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from fixtures.errors import Unsupported
from fixtures.machine.probe import Probe
from fixtures.matrix.cells import Cell
from fixtures.matrix.guest_options import USUAL, GuestOptions
from fixtures.matrix.names import Arch, PathName
from fixtures.matrix.nics import VIRTIO
from fixtures.matrix.power import PowerOptions
from fixtures.outcome.outcome import Outcome
from fixtures.qualify.limits import demand_mmu, demand_true_times
from fixtures.qualify.venue import Place, Venue
from suites.harness.support.scripted_attempts import (
    CELL,
    FAIL,
    FORWARD,
    NEW_NEW,
    OLD_OLD,
    PASS,
    SHIPPED,
    End,
    ScriptedPair,
    Stage,
)

HURT = replace(CELL, round_memory=True)
"""Its source is a QEMU 7.2, which loses pages of such RAM under TCG."""
CANARY = replace(HURT, canary="tcg-lost-dirty-pages")


def test_cell_that_tcg_breaks_is_not_run(stage: Stage) -> None:
    """Lose this and minutes go into guests that TCG breaks, and the verdict is about TCG."""
    result = stage.judge({}, cell=HURT)
    assert (result.outcome, stage.moves) == (Outcome.UNSUPPORTED, [])
    assert "limit tcg-lost-dirty-pages" in result.reason


def test_cell_with_two_limits_names_both(stage: Stage) -> None:
    """Lose this and a reader believes that such a guest moves once the first limit is gone."""
    one = next(limit for limit in SHIPPED.limits if limit.id == CANARY.canary)
    another = one.model_copy(update={"id": "another", "what": "its clock stops"})
    pair = ScriptedPair()
    pair.matrix = SHIPPED.model_copy(update={"limits": (one, another)})
    result = stage.judge({}, cell=HURT, under_test=pair)
    assert "(limit tcg-lost-dirty-pages): pages that the guest writes" in result.reason
    assert "; and (limit another): its clock stops" in result.reason


@pytest.mark.parametrize(
    "path,options,said",
    [("qmp", USUAL, True), ("libvirt", USUAL, False), ("qmp", GuestOptions(nic=VIRTIO), False)],
)
def test_cell_that_tcg_breaks_names_the_way_out(
    path: PathName, options: GuestOptions, said: bool, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a user does not find the accelerator that moves such guests, or tries it in vain."""
    monkeypatch.setattr("fixtures.qualify.venues.EMULATED_PATHS", {"x86_64": {"qmp"}})
    result = stage.judge({}, cell=replace(HURT, path=path, options=options))
    assert result.reason.endswith("; to run it under KVM: --accelerator emulated") is said


def test_control_that_tcg_breaks_is_not_run(stage: Stage, probes: dict[str, Probe]) -> None:
    """Lose this and TCG's own defect in a control excuses what the update broke."""
    probes["debian-12"] = replace(probes["debian-12"], version="9.2.0")
    result = stage.judge({FORWARD: [FAIL], OLD_OLD: [PASS], NEW_NEW: [FAIL]}, cell=HURT)
    assert NEW_NEW not in stage.moves
    assert result.outcome is Outcome.REGRESSION


def test_canary_passes_while_its_limit_holds(stage: Stage) -> None:
    """Lose this and each nightly run fails over what TCG is known to break."""
    result = stage.judge({FORWARD: [PASS, FAIL]}, cell=CANARY)
    assert (result.outcome, stage.moves) == (Outcome.PASS, [FORWARD, FORWARD])
    assert "limit tcg-lost-dirty-pages holds: memory: page 7 is wrong" in result.reason


def test_canary_reports_a_limit_that_no_longer_holds(stage: Stage) -> None:
    """Lose this and a limit stays for ever, and hides what the next update breaks."""
    result = stage.judge({FORWARD: [PASS]}, cell=CANARY)
    assert result.outcome is Outcome.ERROR
    assert "tcg-lost-dirty-pages no longer holds: 4 of 4 moves passed" in result.reason


@pytest.mark.parametrize("version,outcome", [("6.1.1", Outcome.UNSUPPORTED), ("6.2.0", Outcome.PASS)])
def test_dirty_ring_takes_new_builds(
    version: str, outcome: Outcome, stage: Stage, probes: dict[str, Probe]
) -> None:
    """Lose this and an old QEMU that does not start with a dirty ring is an error of the suite."""
    probes["debian-12"] = replace(probes["debian-12"], version=version)
    result = stage.judge({}, cell=replace(CELL, options=GuestOptions(dirty_ring=True)))
    assert result.outcome is outcome
    assert outcome is Outcome.PASS or "the source (debian-12) has QEMU 6.1.1" in result.reason


@pytest.mark.parametrize("version,end,outcome", [
    ("9.2.0", PASS, Outcome.UNSUPPORTED),
    ("7.2.0", Unsupported("the source lacks it"), Outcome.UNSUPPORTED),
    ("7.2.0", OSError("no disk"), Outcome.ERROR),
])  # fmt: skip
def test_canary_that_shows_nothing_says_so(
    version: str, end: End, outcome: Outcome, stage: Stage, probes: dict[str, Probe]
) -> None:
    """Lose this and a canary that moved no such guest counts as the proof of its limit."""
    probes["debian-12"] = replace(probes["debian-12"], version=version)
    assert stage.judge({FORWARD: [end]}, cell=CANARY).outcome is outcome


@pytest.mark.parametrize(
    "options,place,said",
    [
        (PowerOptions(hash_mmu=True), "emulated", "KVM on an emulated POWER host has radix guests only"),
        (PowerOptions(compat="power8"), "emulated", "hash page table"),
        (PowerOptions(hash_mmu=True), "kvm", ""),
        (PowerOptions(compat="power9"), "emulated", ""),
    ],
)
def test_hash_guests_are_unsupported_where_kvm_has_none(
    options: PowerOptions, place: Place, said: str
) -> None:
    """Lose this and a guest that no emulated host can boot is an error in every run."""
    with pytest.raises(Unsupported, match=said) if said else nullcontext():
        demand_mmu(options, place)


class PairThatAsks(ScriptedPair):
    """Keeps whether a cell was to stay on this machine."""

    stays_here: bool | None = None

    def venue(self, arch: Arch, path: str, *, stays_here: bool = False, needs_kvm: bool = False) -> Venue:
        """Always on this machine."""
        self.stays_here = stays_here
        return super().venue(arch, path, stays_here=True, needs_kvm=needs_kvm)


@pytest.mark.parametrize(
    "moved,stays",
    [(CELL, True), (HURT, False), (replace(CELL, profile="idle", mechanism="precopy"), False)],
)
def test_only_what_tcg_breaks_and_a_covering_few_run_on_an_emulated_host(
    moved: Cell, stays: bool, stage: Stage
) -> None:
    """Lose this and a default run waits minutes for hosts that show what TCG shows in seconds."""
    pair = PairThatAsks()
    stage.judge({}, cell=moved, under_test=pair)
    assert pair.stays_here is stays


def test_limit_of_a_control_counts_too(stage: Stage, probes: dict[str, Probe]) -> None:
    """Lose this and a failure under TCG has no control, though an emulated host could run it."""
    probes["debian-12"], probes["debian-13"] = (
        replace(probes["debian-12"], version=version) for version in ("9.2.0", "7.2.0")
    )
    pair = PairThatAsks()
    stage.judge({}, cell=HURT, under_test=pair)
    assert pair.stays_here is False


def test_costs_are_not_compared_on_an_emulated_host() -> None:
    """Lose this and a host that stretches time makes an update slow, or hides that it is."""
    compared = replace(CELL, compared=True)
    assert compared.stays_here
    demand_true_times(CELL, "emulated")
    demand_true_times(compared, "tcg")
    with pytest.raises(Unsupported, match="stretched"):
        demand_true_times(compared, "emulated")
