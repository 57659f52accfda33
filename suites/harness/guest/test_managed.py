# SPDX-License-Identifier: Apache-2.0
"""Each check of a managed guest holds if the guest obeys, and fails if it does not."""

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.evidence.checks import Check
from fixtures.evidence.frames import RARP
from fixtures.guest import managed as managed_guest
from fixtures.guest import seen
from fixtures.guest.managed import Managed
from fixtures.guest.seen import GUEST_PAGE
from fixtures.matrix.names import ARCHES, Arch
from suites.harness.support.scripted_managed import MAC, ScriptedGuest, pcap


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_guest, "BITE_SECONDS", 0.0)
    for bound in ("SEEN_SECONDS", "SETTLE_SECONDS", "STILL_SECONDS"):
        monkeypatch.setattr(seen, bound, 0.0)


def managed(guest: ScriptedGuest) -> Managed:
    """The guest before its move, with its devices prepared."""
    guest.frames = pcap(RARP)
    made = Managed(guest, lambda: guest, guest.record, lambda: guest.frames)  # type: ignore[arg-type]
    made.prepares()
    return made


def done(made: Managed) -> list[Check]:
    """Every check, in the order of the test."""
    return [
        *made.keeps_what_it_had(),
        *made.obeys(),
        made.has_an_armed_watchdog(),
        made.sees_the_power_button(),
        made.powers_off(),
    ]


def failed(made: Managed) -> list[str]:
    """Names of the checks that fail."""
    return [check.name for check in done(made) if not check]


@pytest.mark.parametrize("arch", ARCHES)
def test_guest_that_obeys_passes(arch: Arch) -> None:
    """Lose this and every build is blamed."""
    assert failed(managed(ScriptedGuest(arch))) == []


ACTS = {
    "pause": ["pause"],
    "resume": ["pause"],
    "press_key": ["keys"],
    "resize_disk": ["block-resize"],
    "plug": ["plug", "unplug"],
    "unplug": ["unplug"],
    "set_link": ["link"],
    "press_power_button": ["power-button"],
    "bites": ["watchdog"],
}


@pytest.mark.parametrize("act", ACTS)
def test_act_without_effect_fails_its_check(act: str) -> None:
    """Lose this and an update that ignores the management layer passes."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.deaf_to = act
    assert failed(made) == ACTS[act]


@pytest.mark.parametrize("act", [*list(ACTS)[:-1], "balloon"])
def test_act_that_qemu_refuses_fails_its_check(act: str) -> None:
    """Lose this and an error of QEMU after the move is a traceback instead of a finding."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.refuses = act
    found = [check for check in done(made) if not check]
    assert found[0].name == ACTS.get(act, ["balloon"])[0]
    assert found[0].detail == "QEMU refuses it"


CHANGES: dict[str, Callable[[ScriptedGuest], Any]] = {
    "announcement": lambda guest: setattr(guest, "frames", pcap(0x0806)),
    "rx-filter": lambda guest: guest.addresses.clear(),
    "balloon-kept": lambda guest: setattr(guest, "held", 0),
    "nvram": lambda guest: setattr(guest, "nvram", "0000"),
    "power-off": lambda guest: setattr(guest, "end", "QEMU ended badly: exit status 1"),
}


@pytest.mark.parametrize("check", CHANGES)
def test_what_the_move_changed_is_found(check: str) -> None:
    """Lose this and a size, an address or a byte that the update loses goes unnoticed."""
    guest = ScriptedGuest("ppc64le")
    made = managed(guest)
    CHANGES[check](guest)
    assert failed(made) == [check]


def test_announcement_of_another_address_is_found() -> None:
    """Lose this and a switch never learns where a guest is whose card changed its address in the move."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.frames = pcap(RARP).replace(MAC, bytes(6))
    assert failed(made) == ["announcement"]


def test_watchdog_that_fires_too_early_is_found() -> None:
    """Lose this and an update whose watchdogs reset guests that are well passes."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.fired = True
    assert failed(made) == ["watchdog-calm", "watchdog"]


def test_filter_may_grow() -> None:
    """Lose this and a guest whose kernel adds an address during its move fails."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.addresses.append("33:33:ff:12:34:56")
    assert failed(made) == []


def test_balloon_that_never_worked_is_not_blamed_on_the_update() -> None:
    """Lose this and the update is blamed for it, or nobody learns that the cell showed nothing."""
    with pytest.raises(RigError, match="old cannot manage the guest before any move: the balloon holds 0"):
        managed(ScriptedGuest(deaf_to="balloon"))
    with pytest.raises(Unsupported, match="old cannot do that before any move: QEMU refuses it"):
        managed(ScriptedGuest(refuses="balloon"))


def test_empty_balloon_is_said_to_hold_nothing() -> None:
    """Lose this and a balloon that is emptied but for a page holds a negative number of MiB."""
    guest = ScriptedGuest()
    made = managed(guest)
    guest.held = -2 * 4096
    check = made.keeps_its_balloon()
    assert check.detail.startswith("the balloon holds 0 MiB by QEMU"), check.detail


def test_balloon_is_waited_for_until_it_holds_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a guest is moved while it still inflates its balloon, whose registers then differ."""
    monkeypatch.setattr(seen, "SEEN_SECONDS", 10.0)
    guest, left = ScriptedGuest(), [3 * GUEST_PAGE, 2 * GUEST_PAGE, GUEST_PAGE]
    whole = guest.balloon_size
    monkeypatch.setattr(guest, "balloon_size", lambda: whole() + (left.pop(0) if left else 0))
    managed(guest)
    assert left == []


def test_what_a_machine_lacks_is_said() -> None:
    """Lose this and a check that was not made looks like one that held."""
    left_out = [check.name for check in done(managed(ScriptedGuest("ppc64le"))) if "left out" in check.detail]
    assert left_out == ["watchdog-calm", "watchdog"]


def test_beats_that_arrive_late_are_no_beats_of_a_paused_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a busy host that reads a console late makes a build fail to pause its guest."""
    within = iter([5, 0, 0])
    monkeypatch.setattr(seen, "SEEN_SECONDS", 10.0)
    monkeypatch.setattr(seen.Seen, "_beats_within", lambda *_: next(within))
    guest = ScriptedGuest("x86_64")
    looks = seen.Seen(guest, lambda: guest)  # type: ignore[arg-type]
    monkeypatch.setattr(looks, "_beats_now", lambda: lambda: True)
    assert looks.paused() == ""
