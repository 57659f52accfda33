# SPDX-License-Identifier: Apache-2.0
"""Which input devices are tried from outside the guest: all of the table that say what they send."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.guest import peripherals
from fixtures.guest.peripherals import Outside
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
