# SPDX-License-Identifier: Apache-2.0
"""A QEMU that ends, or a guest that hangs, while it boots says nothing about a move."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt.attempt import Attempt, Setting
from fixtures.attempt.second_boot import booted, keep_registers
from fixtures.errors import DidNotBoot, DiedAtBoot, HotPatchFailure, HungAtBoot, RigError, Unsupported
from fixtures.evidence.beats import Line
from fixtures.evidence.tcg_boots import SECOND_BOOTS
from fixtures.guest.diagnosis import interrupt_lost
from fixtures.guest.guest import Guest
from fixtures.machine.host import HostSetup
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.mechanisms import MigrationPlan
from fixtures.waiting import Deadline, Late
from suites.harness.support.hung_guest import HUNG

SPEC = GuestSpec("x86_64", "pc-q35-9.0", 1, "idle", "bare", 0)
Boot = Callable[..., Attempt]
KNOWN = "exit status 134: physmem.c:2479: iotlb_to_section: Assertion `index < sections' failed."


@pytest.fixture
def boots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Boot:
    """An attempt in which so many boots fail as `kind`, one after another."""

    def attempt(
        dying: int, said: str = KNOWN, kind: type[RigError] = DiedAtBoot, accelerator: str = "tcg"
    ) -> Attempt:
        ends = iter([True] * dying)

        def start(*_arguments: object) -> None:
            dies = next(ends, False)
            (tmp_path / "source-stderr.txt").write_text(said if dies else "")
            if dies:
                raise kind(f"the guest did not boot: {said}")

        plan = MigrationPlan("precopy", (), 0, bandwidth=0)
        build: Any = SimpleNamespace(name="a build")
        monkeypatch.setattr(Attempt, "_way", lambda _attempt: SimpleNamespace(start=start))
        return Attempt(Setting(SPEC, build, build, "qmp", plan, HostSetup(tmp_path, tmp_path, accelerator)))

    return attempt


def test_guest_whose_qemu_dies_at_boot_is_booted_again(boots: Boot) -> None:
    """Lose this and a rare crash of a healthy pair's old build leaves an update undecided."""
    with boots(1) as attempt:
        (check,) = attempt.checks
    assert (check.name, check.held) == ("boot", True)
    assert check.detail.endswith(
        "iotlb_to_section: Assertion `index < sections' failed.; the second boot went well"
    )


def test_guest_that_tcg_stopped_at_boot_is_booted_again(boots: Boot) -> None:
    """Lose this and one boot in dozens leaves an update undecided, though it says nothing about a move."""
    with boots(1, "its local APIC still serves", HungAtBoot) as attempt:
        (check,) = attempt.checks
    assert (check.name, check.held) == ("boot", True)
    assert check.detail.endswith("its local APIC still serves; the second boot went well")


def test_second_boot_is_a_figure_of_the_run(boots: Boot) -> None:
    """Lose this and no report shows how often a build needs a second boot."""
    with boots(1) as attempt:
        assert attempt.figures == {SECOND_BOOTS: 1}
    with boots(0) as attempt:
        assert attempt.figures == {}


@pytest.mark.parametrize(
    "kind, accelerator", [(DidNotBoot, "tcg"), (HungAtBoot, "kvm")], ids=["any-other-hang", "under-kvm"]
)
def test_guest_that_hangs_otherwise_is_not_booted_again(
    boots: Boot, kind: type[RigError], accelerator: str
) -> None:
    """Lose this and a build whose guests hang in some of their boots counts as one that boots well."""
    with pytest.raises(RigError, match="did not boot"), boots(1, "it hangs", kind, accelerator):
        pass


def test_guest_that_tcg_stops_at_each_boot_is_not_judged(boots: Boot) -> None:
    """Lose this and a build under which no guest boots is tried without end."""
    with pytest.raises(HungAtBoot), boots(2, kind=HungAtBoot):
        pass


def test_evidence_of_the_first_boot_is_kept(boots: Boot, tmp_path: Path) -> None:
    """Lose this and nobody can look into a crash at boot, because the second boot overwrites what it left."""
    with boots(1):
        pass
    evidence = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert evidence == {"first-boot-source-stderr.txt": KNOWN, "source-stderr.txt": ""}


@pytest.mark.parametrize("registers", ["CPU#0", None], ids=["qmp", "libvirt"])
def test_registers_of_a_boot_that_hung_are_kept(registers: str | None, tmp_path: Path) -> None:
    """Lose this and nobody can look into a boot that hung, because its QEMU is ended for the next one."""
    closed: list[bool] = []
    asked = {"registers": lambda: registers, "interrupts": lambda: HUNG}
    machine: Any = SimpleNamespace(
        label="source", close=lambda: closed.append(True), asking_taints=registers is None, **asked
    )
    guest: Any = SimpleNamespace(machines=[machine])
    boots = iter([HungAtBoot("it hangs"), None])

    def start() -> None:
        if (error := next(boots)) is not None:
            raise error

    assert booted(start, guest, tmp_path, "tcg") == "it hangs"
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [
        ("first-boot-source-registers.txt", HUNG)
    ]
    assert closed


@pytest.mark.parametrize(
    "error,kept", [(DidNotBoot("no beat"), HUNG), (HotPatchFailure("beats", "no beat"), "")]
)
def test_libvirts_qemu_is_asked_for_registers_only_of_a_guest_that_did_not_boot(
    error: Exception, kept: str, tmp_path: Path
) -> None:
    """Lose this and a boot that hung for an unknown reason leaves nothing to look into."""
    machine: Any = SimpleNamespace(label="source", asking_taints=True, interrupts=lambda: HUNG)
    keep_registers(machine, tmp_path, error)
    assert "".join(file.read_text() for file in tmp_path.iterdir()) == kept


@pytest.mark.parametrize("error,kept", [(AssertionError("reboot"), HUNG), (Unsupported("no tap"), "")])
def test_failed_assertion_keeps_registers_too(error: Exception, kept: str, tmp_path: Path) -> None:
    """Lose this and a guest that hangs in its reboot after a move leaves nothing to look into."""
    machine: Any = SimpleNamespace(label="destination", asking_taints=False, interrupts=lambda: HUNG)
    setting = SimpleNamespace(host=SimpleNamespace(evidence=tmp_path))
    attempt: Any = SimpleNamespace(guest=SimpleNamespace(machines=[machine]), setting=setting)
    Attempt._keep_registers(attempt, None, error, None)
    assert "".join(file.read_text() for file in tmp_path.iterdir()) == kept


def test_guest_whose_qemu_dies_at_boot_for_another_reason_is_not_booted_again(boots: Boot) -> None:
    """Lose this and a build that crashes in some of its boots counts as one that boots well."""
    with pytest.raises(RigError, match="exit status 139"), boots(1, "exit status 139"):
        pass


def test_guest_whose_qemu_dies_at_each_boot_is_not_judged(boots: Boot) -> None:
    """Lose this and a build that cannot boot a guest is blamed for a move, or counts as one that moved it."""
    with pytest.raises(RigError, match="did not boot"), boots(2):
        pass


def test_qemu_that_ends_before_the_first_beat_died_at_boot() -> None:
    """Lose this and a crash at boot counts as a guest that hangs."""

    def wait_for(look: Callable[[], object], _deadline: Deadline, **_named: object) -> object:
        return look()

    console = SimpleNamespace(lines=[Line(1.0, b"SeaBIOS")], closed=True, wait_for=wait_for)
    machine: Any = SimpleNamespace(
        channels={"console": console}, build=SimpleNamespace(name="a build"), last_words=lambda: "Assertion"
    )
    with pytest.raises(DiedAtBoot, match=r"a build: QEMU closed the console .*: Assertion"):
        Guest(SPEC, lambda check: check).boots_on(machine)


@pytest.mark.parametrize(
    "vcpus, registers, hangs", [(2, "CPU#0", True), (2, None, False), (1, "CPU#0", False)]
)
def test_guest_that_beats_while_a_vcpu_hangs_has_hung_at_boot(
    monkeypatch: pytest.MonkeyPatch, vcpus: int, registers: str | None, hangs: bool
) -> None:
    """Lose this and a vCPU that TCG stopped at boot counts as one that the move has lost."""
    guest = Guest(GuestSpec("x86_64", "pc-q35-9.0", vcpus, "idle", "bare", 0), lambda check: check)
    machine: Any = SimpleNamespace(
        build=SimpleNamespace(name="a build"), asking_taints=registers is None, interrupts=lambda: HUNG
    )
    agent = SimpleNamespace(ask=lambda _command: {})
    monkeypatch.setattr(Guest, "agent", agent)
    monkeypatch.setattr("fixtures.guest.guest.wait_for_beats", lambda *_: None)
    monkeypatch.setattr("fixtures.guest.firmware_tables.listed", lambda _agent: {})
    if hangs:
        with pytest.raises(
            HungAtBoot, match=r"booted on a build, but vCPU 0 waits .* still serves vector 236"
        ):
            guest.boots_on(machine)
    else:
        guest.boots_on(machine)


def test_vcpu_that_works_between_two_looks_does_not_hang() -> None:
    """Lose this and a guest is booted again because it was looked at while it served an interrupt."""
    looks = iter([HUNG, HUNG.replace("ISR\t 236", "ISR\t (none)"), HUNG])
    machine: Any = SimpleNamespace(interrupts=lambda: next(looks))
    assert interrupt_lost(machine) == ""
    assert next(looks) == HUNG


@pytest.mark.parametrize("printed, kind", [(HUNG, HungAtBoot), ("", DidNotBoot), (None, DidNotBoot)])
def test_hang_at_boot_is_of_tcg_if_an_interrupt_was_lost(printed: str | None, kind: type[RigError]) -> None:
    """Lose this and each guest that does not boot is booted again, whatever stopped it."""

    def wait_for(_look: Callable[[], object], _deadline: Deadline, **_named: object) -> object:
        raise Late("waited 90 s")

    machine: Any = SimpleNamespace(
        channels={"console": SimpleNamespace(wait_for=wait_for)},
        build=SimpleNamespace(name="a build"),
        interrupts=lambda: printed,
        monitor_prints=lambda _command: None,
    )
    with pytest.raises(RigError, match="the guest did not boot on a build: waited 90 s") as raised:
        Guest(SPEC, lambda check: check).boots_on(machine)
    assert type(raised.value) is kind
