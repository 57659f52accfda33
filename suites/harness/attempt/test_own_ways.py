# SPDX-License-Identifier: Apache-2.0
"""What becomes of a guest that reboots, powers off or panics while it is moved, as the suite judges it."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.attempt import own_ways, started_again
from fixtures.attempt.own_ways import PANICKED, OwnWays
from fixtures.attempt.started_again import demand_that_it_reboots
from fixtures.errors import HotPatchFailure
from fixtures.evidence.beats import Beat
from fixtures.evidence.checks import Check, CheckRecord
from fixtures.waiting import Late

GOOD = Check("alive", True, "")


def _event(name: str) -> Any:
    return SimpleNamespace(name=name)


class Machine:
    """One QEMU, with the resets and the panics that it reports."""

    def __init__(self, side: str) -> None:
        self.side = side
        self.channels = {"console": SimpleNamespace(lines=[])}
        self.monitor = SimpleNamespace(events=[])
        self.was_reset = 0

    def resets(self, _since: float) -> int:
        """How often it was reset."""
        return self.was_reset

    def reset(self) -> None:
        """Reset it."""
        self.was_reset += 1

    def resume(self) -> None:
        """As the management layer does."""


HOST = SimpleNamespace(accelerator="kvm")


class Stage:
    """An attempt, its guest and its path in one: what the agent is asked happens at the source."""

    def __init__(self) -> None:
        self.source, self.there = Machine("source"), Machine("destination")
        self.machine = self.source
        self.guest = self.path = self.agent = self
        self.setting = SimpleNamespace(new=None, plan=None, spec=None, host=HOST)
        self.began = self.panicked = False
        self.moved_as_panicked = False
        self.acts = True
        self.patched: Any = None
        self.checks = CheckRecord()
        self.record = self.checks.record

    def demand(self, check: Check) -> None:
        """As an attempt does."""
        if not check:
            raise HotPatchFailure(check.name, check.detail, check.what)

    def ask(self, command: str) -> None:
        """The guest does it, unless it is one that does nothing."""
        if self.acts and command == "restart":
            self.source.was_reset += 1
        if self.acts and command == "panic":
            self.source.monitor.events.append(_event(PANICKED))

    def steered(self, _guest: object, _new: object, _plan: object, _limits: object, steer: Any) -> Any:
        """Move the guest, and let it act meanwhile."""
        steer(SimpleNamespace(hurry=lambda: None))
        self.moved_as_panicked = self.panicked
        self.machine = self.there
        return SimpleNamespace(checks=[Check("runstates", True, "")], started=0.0, paused=False)

    def has_started_again(self, _first: Beat) -> Check:
        """It has."""
        return self.record(Check("reboot", True, "rebooted"))

    def goes_on(self) -> Check:
        """It does."""
        return GOOD


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A guest that starts again at once; nothing waits for one that does not act."""
    made = Stage()
    first = Beat(time.monotonic(), 1, 0, (0,), 0)
    monkeypatch.setattr(own_ways, "ACT_SECONDS", 0.0)
    monkeypatch.setattr(own_ways, "until_sent", lambda _journey: None)
    monkeypatch.setattr(own_ways, "management_of", lambda machine: machine)
    monkeypatch.setattr(started_again, "wait_for_beats", lambda *_, **__: first)
    return made


def test_guest_that_starts_again_at_the_destination_passes(stage: Any) -> None:
    """Lose this and each guest that reboots counts against the update."""
    assert OwnWays(stage).reboots() is stage.patched
    assert (stage.began, stage.patched.move.paused) == (True, True)


def test_guest_that_does_not_start_again_fails(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest that is lost in its reboot passes."""

    def late(*_: object, **__: object) -> Beat:
        raise Late("waited 90 s for a beat")

    monkeypatch.setattr(started_again, "wait_for_beats", late)
    with pytest.raises(HotPatchFailure, match="waited 90 s"):
        OwnWays(stage).reboots()
    assert stage.checks.blamed.name == "reboot"


@pytest.mark.parametrize("check, told_as", [("agent", "reboot"), ("panic", "panic")])
def test_guest_that_stops_after_its_first_beat_fails_like_one_that_sends_none(
    stage: Any, monkeypatch: pytest.MonkeyPatch, check: str, told_as: str
) -> None:
    """Lose this and a control that stops a moment earlier fails otherwise, so that no build is blamed."""

    def silent(_first: Beat) -> Check:
        raise HotPatchFailure(check, "waited 6 s for the agent's answer")

    monkeypatch.setattr(stage, "has_started_again", silent)
    with pytest.raises(HotPatchFailure, match="waited 6 s for the agent") as caught:
        OwnWays(stage).reboots()
    assert caught.value.check == told_as


def test_guest_that_is_never_reset_fails(stage: Any) -> None:
    """Lose this and the cell moves a guest that did not reboot."""
    stage.acts = False
    with pytest.raises(HotPatchFailure, match="no reset of the guest"):
        OwnWays(stage).reboots()


def test_panic_that_the_source_reports_passes_and_is_reset(stage: Any) -> None:
    """Lose this and a guest that panicked is not started again, or is expected to run on."""
    assert OwnWays(stage).panics() is stage.patched
    assert (stage.moved_as_panicked, stage.panicked, stage.there.was_reset) == (True, False, 1)


@pytest.mark.parametrize("acts, twice", [(False, False), (True, True)])
def test_panic_that_nobody_reports_or_both_do_fails(stage: Any, acts: bool, twice: bool) -> None:
    """Lose this and a host's owner hears nothing of a panic, or hears of it twice."""
    stage.acts = acts
    if twice:
        stage.there.monitor.events.append(_event(PANICKED))
    with pytest.raises(HotPatchFailure) as raised:
        OwnWays(stage).panics()
    assert raised.value.check == "panic-report"


@pytest.mark.parametrize("acts, held", [(True, True), (False, False)])
def test_panic_after_the_move_must_be_reported(stage: Any, acts: bool, held: bool) -> None:
    """Lose this and a moved guest whose panic nobody hears of passes."""
    stage.acts = acts
    assert bool(OwnWays(stage).panics_later()) is held


@pytest.mark.parametrize(
    "machine, version, accelerator, code, first",
    [
        ("pc-q35-5.2", "5.2.0", "tcg", "", True),
        ("pc-q35-5.2", "7.2.22", "tcg", "", False),
        ("pc-q35-5.2", "5.2.0", "kvm", "", False),
        ("pc-i440fx-5.2", "5.2.0", "tcg", "", False),
        ("pc-q35-5.2", "5.2.0", "tcg", "OVMF_CODE.fd", False),
    ],
)
def test_only_what_old_seabios_may_reset_for_ever_reboots_first(
    machine: str, version: str, accelerator: str, code: str, first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and QEMU 5.2 loses each guest that reboots while it is moved under TCG."""
    rebooted: list[bool] = []
    monkeypatch.setattr(started_again, "probed", lambda *_: SimpleNamespace(version=version))
    options = SimpleNamespace(firmware=SimpleNamespace(code=code))
    setting = SimpleNamespace(
        old=None,
        host=SimpleNamespace(accelerator=accelerator),
        spec=SimpleNamespace(arch="x86_64", machine_type=machine, options=options),
    )
    guest = SimpleNamespace(must_reboot_first=lambda: rebooted.append(True))
    demand_that_it_reboots(SimpleNamespace(setting=setting, guest=guest))  # type: ignore[arg-type]
    assert bool(rebooted) is first
