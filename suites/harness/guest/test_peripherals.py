# SPDX-License-Identifier: Apache-2.0
"""Which input devices are tried from outside the guest: all of the table that say what they send."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.guest import peripherals
from fixtures.guest.peripherals import Outside
from fixtures.machine.speaking import Unreachable
from fixtures.matrix.guest_devices import DRIVEN
from fixtures.matrix.guestspec import GuestSpec

INPUTS = {device.name: device for device in DRIVEN if device.sends in {"keys", "moves"}}


@pytest.mark.parametrize("name", INPUTS)
def test_input_that_does_not_arrive_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a keyboard or tablet of the table is in the guest and never used."""
    monkeypatch.setattr(peripherals, "SECONDS", 0.0)
    spec = GuestSpec(INPUTS[name].archs[0], "a-machine", 1, "idle", "devices", 0, only_devices=(name,))
    agent: Any = SimpleNamespace(ask=lambda _verb: {"keys": "0", "moves": "0"})
    machine: Any = SimpleNamespace(touch=lambda *, tablet: tablet is (INPUTS[name].sends == "moves"))
    assert Outside(spec).broken(agent, machine) == {name: f"no {INPUTS[name].sends} arrived"}


def _spec(*devices: str) -> GuestSpec:
    return GuestSpec("x86_64", "pc-i440fx-7.2", 1, "idle", "a-field-guest", 0, only_devices=devices)


@pytest.mark.parametrize(
    "said,broken",
    [
        ((5, 5, 6), {}),
        ((0, 0, 7), {}),
        ((5, 5, 5), {"balloon-stats": "no statistics arrived within 0 s"}),
        ((0, 0, 0), {"balloon-stats": "no statistics arrived within 0 s"}),
    ],
)
def test_balloon_without_new_statistics_is_named(
    said: tuple[int, ...], broken: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a balloon whose statistics queue is lost in a move passes."""
    monkeypatch.setattr(peripherals, "STATISTICS_SECONDS", 0 if broken else 5)
    times = iter((*said, *[said[-1]] * 1000))
    machine: Any = SimpleNamespace(statistics_updated=lambda: next(times), label="destination")
    assert Outside(_spec("balloon-stats")).broken(SimpleNamespace(), machine) == broken  # type: ignore[arg-type]


def test_second_look_needs_newer_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a balloon that is dead after a reboot passes with what it said before."""
    monkeypatch.setattr(peripherals, "STATISTICS_SECONDS", 0.2)
    outside, nobody = Outside(_spec("balloon-stats")), SimpleNamespace()
    times = iter((5, 6))
    machine: Any = SimpleNamespace(statistics_updated=lambda: next(times, 6), label="destination")
    assert outside.broken(nobody, machine) == {}  # type: ignore[arg-type]
    assert list(outside.broken(nobody, machine)) == ["balloon-stats"]  # type: ignore[arg-type]


@pytest.mark.parametrize("answers", [True, False])
def test_deaf_guest_agent_is_named(answers: bool) -> None:
    """Lose this and a guest whose agent no longer answers its manager passes."""
    machine: Any = SimpleNamespace(guest_agent_answers=lambda _seconds: answers)
    broken = {} if answers else {"agent-channel": "the guest agent does not answer"}
    assert Outside(_spec("agent-channel")).broken(SimpleNamespace(), machine) == broken  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "says,broken",
    [
        (True, ""),
        (False, "SPICE's server does not see the guest's agent"),
        (Unreachable("SPICE's server hung up"), "SPICE's server hung up"),
    ],
)
def test_agent_that_spice_does_not_see_is_named(
    says: bool | Unreachable, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest whose SPICE display or clipboard is dead after a move passes."""

    def sees(_machine: object) -> bool:
        if isinstance(says, Unreachable):
            raise says
        return says

    monkeypatch.setattr(peripherals, "SECONDS", 0.0)
    monkeypatch.setattr(peripherals, "sees_guest_agent", sees)
    found = Outside(_spec("spice-agent")).broken(SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    assert found == ({"spice-agent": broken} if broken else {})
