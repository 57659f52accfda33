# SPDX-License-Identifier: Apache-2.0
"""Which rounds are made, and with which guests: none twice, and in a control only what failed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fixtures.builds.build import Build
from fixtures.matrix.schema import load_matrix
from fixtures.outcome.judgement import Judgement
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.places import ROOT
from fixtures.update.guests import HostGuest
from fixtures.update.rounds import Rounds

BUILDS: Any = SimpleNamespace(name="old"), SimpleNamespace(name="new")


class Scripted(Rounds):
    """Rounds that are not made: the steps `failing` fail in each round between the builds `where`."""

    def __init__(
        self, *failing: tuple[str, str], where: tuple[str, str] = ("old", "new"), under_kvm: bool = False
    ) -> None:
        sweep: Any = SimpleNamespace(
            under_test=SimpleNamespace(matrix=load_matrix(ROOT / "matrix.yaml")),
            report=Path("/nowhere"),
            plan=SimpleNamespace(needs_kvm=under_kvm),
        )
        super().__init__(sweep, "pc-q35-7.2")
        self.failing, self.where = failing, where
        self.asked: list[tuple[str, str, str, dict[str, tuple[str, ...]]]] = []

    def _round(self, old: Build, new: Build, label: str, guests: list[HostGuest]) -> Any:
        steps = {guest.name: guest.steps for guest in guests}
        self.asked.append((old.name, new.name, label, steps))

        def record(name: str, step: str) -> RunRecord:
            fails = (name, step) in self.failing and (old.name, new.name) == self.where
            result: Any = "fail" if fails else "pass"
            return RunRecord(old.name, new.name, result, "libvirt: no", "libvirt: no" if fails else "")

        records = {(guest.name, step): record(guest.name, step) for guest in guests for step in guest.steps}
        return SimpleNamespace(records=records, seconds=300.0, evidence=Path("/nowhere"))


def judged(rounds: Scripted, guest: HostGuest, step: str) -> Outcome:
    """The outcome of one cell."""

    def run(source: Build, destination: Build, label: str) -> RunRecord:
        return rounds.record(source, destination, label, guest, step)

    return Judgement(run, *BUILDS).outcome()[0]


def test_one_round_answers_for_all_its_cells() -> None:
    """Lose this and each cell costs minutes."""
    rounds = Scripted()
    outcomes = {judged(rounds, guest, step) for guest in rounds.guests for step in guest.steps}
    assert outcomes == {Outcome.PASS}
    assert [asked[:3] for asked in rounds.asked] == [("old", "new", "1"), ("old", "new", "1")]


def test_control_has_only_the_guests_that_failed_up_to_that_step() -> None:
    """Lose this and a failure of one guest costs the rounds of all others again."""
    rounds = Scripted(("plugged", "module"), ("user-network", "away"))
    found = {
        (guest.name, step): judged(rounds, guest, step) for guest in rounds.guests for step in guest.steps
    }
    wrong = {cell for cell, outcome in found.items() if outcome is not Outcome.PASS}
    assert wrong == {("plugged", "module"), ("user-network", "away")}
    controls = {asked[:2]: asked[3] for asked in rounds.asked if asked[2].startswith("control")}
    wanted = {
        "plugged": ("update", "plugged", "module"),
        "user-network": ("update", "adopted", "logged", "used", "away"),
    }
    assert controls == {("old", "old"): wanted, ("new", "new"): wanted}
    assert len(rounds.asked) == 4


def test_both_hosts_have_rounds_of_their_own() -> None:
    """Lose this and guests of the host whose update is interrupted are taken for the others of that name."""
    rounds = Scripted(("bare", "completed"))
    found = {
        (guest.name, step): judged(rounds, guest, step) for guest in rounds.guests for step in guest.steps
    }
    assert [cell for cell, outcome in found.items() if outcome is not Outcome.PASS] == [("bare", "completed")]
    controls = [asked[3] for asked in rounds.asked if asked[2].startswith("control")]
    assert controls == [{"bare": ("interrupted", "completed")}] * 2


def test_guests_under_kvm_have_one_host_and_controls_of_it() -> None:
    """Lose this and a control of a guest under KVM may be one of a guest under TCG."""
    rounds = Scripted(("bare", "away"), under_kvm=True)
    assert {guest.under_kvm for guest in rounds.guests} == {True}
    assert {guest.cpu for guest in rounds.guests} == {None, "host-model", "host-passthrough"}
    outcomes = [judged(rounds, guest, step) for guest in rounds.guests for step in guest.steps]
    assert outcomes.count(Outcome.REGRESSION) == 1
    controls = [asked[3] for asked in rounds.asked if asked[2].startswith("control")]
    assert controls == [{"bare": ("update", "adopted", "logged", "used", "away")}] * 2
