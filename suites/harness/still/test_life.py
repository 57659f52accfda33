# SPDX-License-Identifier: Apache-2.0
"""Real QEMUs go through steps and pass; each check fails if what it asks for is not so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from fixtures.builds.build import Build
from fixtures.evidence.harm import LOADED_AGAIN, Harm
from fixtures.hosts.local import LOCAL
from fixtures.machine.probe import probed
from fixtures.machine.type_order import in_order
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.still import trials
from fixtures.still.life import StepFailed, StillLife
from fixtures.still.living import LivingMachine, damaged_pages, pattern
from fixtures.still.machine import StillFailure, StillSpec
from fixtures.still.moves import Effort
from fixtures.still.steps import steps_named

EVERYTHING = (
    "plug-scsi-hd-1+resume+plug-usb-kbd-2+plug-virtconsole-1+move+unplug-scsi-1+plug-scsi-cd-1+cancel"
    "+kill-destination+plug-virtio-rng-pci-1+unplug-pci-1+back+reboot+save+pause+kill-destination+move"
    "+reboot+resume"
)
Live = Callable[..., StillLife]
pytestmark = pytest.mark.x86_64


@pytest.fixture
def live(pair_under_test: PairUnderTest) -> Iterator[Live]:
    """Does the steps with a guest of the new build, which is moved into itself or into another one."""
    build = pair_under_test.new
    machine_type = in_order(probed(build, "x86_64"), "q35")[0]
    with LOCAL.attempt_dir() as place:

        def lives(text: str, new: Build = build) -> StillLife:
            life = StillLife(StillSpec("x86_64", ()), machine_type, build, new, place, Effort())
            life.lives(steps_named(text, "here"), trials.usable_buses(life))
            return life

        yield lives
        LOCAL.assert_nothing_runs_in(place)


def test_guest_comes_through_all_steps(live: Live) -> None:
    """Lose this and a step fails under every build."""
    life = live(EVERYTHING)
    script = "\n".join(life.lines)
    assert "5. move" in script
    assert '{"execute": "device_add", "arguments": {"driver": "scsi-cd"' in script
    assert "-incoming defer" in script


@pytest.mark.parametrize(
    "steps, ignored, check, harm",
    [
        ("resume+pause+move", "stop", "runstates", Harm.CHANGED),
        ("plug-scsi-hd-1+move", "device_add", "devices", Harm.CHANGED),
        ("plug-usb-kbd-1+unplug-usb-1+move", "device_del", "unplug", Harm.CHANGED),
        ("move+reboot", "system_reset", "hang", Harm.STRANDED),
        ("cancel+move", "migrate_cancel", "hang", Harm.STRANDED),
    ],
)
def test_act_without_an_effect_fails(
    steps: str, ignored: str, check: str, harm: Harm, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a build that ignores a command passes."""
    does = LivingMachine.does

    def deaf(machine: LivingMachine, command: str, **arguments: Any) -> Any:
        return {} if command == ignored else does(machine, command, **arguments)

    monkeypatch.setattr(trials, "usable_buses", lambda _life: dict.fromkeys(("scsi", "usb"), "at once"))
    for module in ("machine", "living", "life"):
        monkeypatch.setattr(f"fixtures.still.{module}.MOVE_SECONDS", 1.0)
    monkeypatch.setattr(LivingMachine, "does", deaf)
    with pytest.raises(StepFailed) as failed:
        live(steps)
    assert (failed.value.check, failed.value.harmed.harm) == (check, harm)


@pytest.mark.parametrize("check", ["launch", "migrate"])
@pytest.mark.parametrize("refused, harm", [(1, Harm.STRANDED), (2, Harm.LOST)])
def test_saved_guest_is_lost_only_if_no_build_loads_it(
    refused: int,
    harm: Harm,
    check: str,
    live: Live,
    pair_under_test: PairUnderTest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lose this and a guest that the old build can still restore counts as lost, or the other way round."""
    build, loads, tried = pair_under_test.new, LivingMachine.load, list[str]()
    monkeypatch.setattr(trials, "usable_buses", lambda _life: {})

    def load(machine: LivingMachine, stream: bytes) -> None:
        tried.append(machine.build.name)
        if len(tried) <= refused:
            raise StillFailure(check, "section of another version")
        loads(machine, stream)

    monkeypatch.setattr(LivingMachine, "load", load)
    with pytest.raises(StepFailed, match="step 2, save: section of another version") as failed:
        live("resume+save", replace(build, name="newer"))
    assert failed.value.harmed.harm is harm
    assert (LOADED_AGAIN in failed.value.harmed.proof) == (harm is Harm.STRANDED)
    assert tried == ["newer", build.name]


def test_damaged_page_fails(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest whose memory did not arrive passes."""
    whole, looks = LivingMachine.memory, list[int]()
    monkeypatch.setattr(trials, "usable_buses", lambda _life: {})

    def memory(machine: LivingMachine) -> bytes:
        looks.append(1)
        found = whole(machine)
        return found if len(looks) < 2 else found[:8192] + bytes(4096) + found[12288:]

    monkeypatch.setattr(LivingMachine, "memory", memory)
    with pytest.raises(StepFailed, match="step 2, move: 1 pages are not as they were, first 2") as failed:
        live("resume+move")
    assert failed.value.harmed.harm is Harm.LOST


@pytest.mark.parametrize("lost", [pytest.param("scsi", marks=pytest.mark.slow), "usb"])
def test_bus_that_does_not_move_is_left_out(lost: str, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a controller that no update moves hides all that sequences could find."""
    moves = LivingMachine.sends_to

    def sends_to(machine: LivingMachine, destination: LivingMachine, bandwidth: int) -> None:
        if f"id={lost}," in machine.process.command_line:
            raise StillFailure("migrate", "VQ 0 exceeds allocated max 256")
        moves(machine, destination, bandwidth)

    monkeypatch.setattr(LivingMachine, "sends_to", sends_to)
    life = live("resume+move")
    assert lost not in trials.usable_buses(life)
    assert "serial" in trials.usable_buses(life)


def test_each_page_differs_from_the_others() -> None:
    """Lose this and a page that arrives in the place of another one passes."""
    content = pattern()
    pages = {content[at : at + 4096] for at in range(0, len(content), 4096)}
    assert len(pages) == len(content) // 4096
    assert damaged_pages(content) == []
    assert damaged_pages(content[4096:] + content[:4096]) == [*range(len(pages))]
