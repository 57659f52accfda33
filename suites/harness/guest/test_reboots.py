# SPDX-License-Identifier: Apache-2.0
"""When does a guest that was reset count as rebooted? On a made-up console."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.evidence.beats import Line
from fixtures.evidence.tcg_boots import STILL_SERVES
from fixtures.guest import firmware_tables
from fixtures.guest.guest import Guest
from fixtures.guest.rebooting import FEW_RESETS, RESETS_FOR_EVER
from fixtures.matrix.guestspec import GuestSpec
from fixtures.waiting import Deadline, Late
from suites.harness.support.consoles import line
from suites.harness.support.hung_guest import HUNG

Reset = Callable[..., Guest]


@pytest.fixture
def beating(monkeypatch: pytest.MonkeyPatch) -> Reset:
    """A guest that has sent beats, and what it sends after a reset."""
    monkeypatch.setattr(firmware_tables, "listed", lambda _agent: {})

    def wait_for(look: Callable[[], object], _deadline: Deadline, *, what: str) -> object:
        if (found := look()) is None:
            raise Late(f"no {what}")
        return found

    def guest(before: list[bytes], after: list[bytes], printed: str | None = None, resets: int = 1) -> Guest:
        lines: list[Line] = [line(beat) for beat in before]
        console = SimpleNamespace(lines=lines, closed=False, wait_for=wait_for)
        machine: Any = SimpleNamespace(
            channels={"console": console, "agent": None},
            build=SimpleNamespace(name="a build"),
            last_words=lambda: "it still runs",
            interrupts=lambda: printed,
            monitor_prints=lambda _command: None,
            resets=lambda _since: resets,
            reset=lambda: lines.extend(line(beat, 2.0) for beat in after),
        )
        found = Guest(GuestSpec("ppc64le", "pseries", 1, "idle", "bare", 0), lambda check: check)
        found.moved_to(machine)
        return found

    return guest


def test_guest_that_is_reset_after_its_first_beat_reboots(beating: Reset) -> None:
    """Lose this and a guest of a slow host, which has sent one beat, counts as one that does not reboot."""
    assert beating([b"B 1 2702264 0 0"], [b"B 1 1296841 0 0"]).reboots()


def test_beats_from_before_the_reset_are_no_reboot(beating: Reset) -> None:
    """Lose this and a guest that ignores its reset counts as rebooted."""
    assert not beating([b"B 7 2702264 0 0"], [b"B 8 2852264 0 0"]).reboots()


def test_reboot_that_tcg_stopped_is_another_failure(beating: Reset) -> None:
    """Lose this and a guest that TCG stopped excuses, or is excused by, one that hangs after its move."""
    hung = beating([b"B 7 2702264 0 0"], [], HUNG).reboots()
    other = beating([b"B 7 2702264 0 0"], []).reboots()
    assert (hung.what, other.what) == (STILL_SERVES, "")
    assert "no the first beat after a reboot; vCPU 0 waits" in hung.detail


def test_firmware_that_resets_the_guest_for_ever_is_noticed_at_once(beating: Reset) -> None:
    """Lose this and each run of a q35 guest of debian-11 waits minutes for a boot that never comes."""
    check = beating([b"B 7 2702264 0 0"], [], resets=500).reboots()
    assert check.what == RESETS_FOR_EVER
    assert "its firmware resets it over and over: 500 resets in 0.0 s, and no beat" in check.detail


def test_guest_that_resets_itself_once_more_is_waited_for(beating: Reset) -> None:
    """Lose this and firmware that resets a machine once, as UEFI does, counts as a loop."""
    assert beating([b"B 7 2702264 0 0"], [], resets=FEW_RESETS).reboots().what == ""


def test_guest_that_does_not_boot_at_its_next_start_fails(beating: Reset) -> None:
    """Lose this and a guest whose files a move has damaged is an error of the suite."""
    hung, other = beating([], [], HUNG), beating([], [])
    checks = [guest.starts_again_on(guest.machine) for guest in (hung, other)]
    assert [(check.held, check.name, check.what) for check in checks] == [
        (False, "reboot", STILL_SERVES),
        (False, "reboot", ""),
    ]
    assert checks[1].detail.startswith("at its next start the guest did not boot on a build: ")


def test_guest_that_never_rebooted_is_not_blamed_on_the_update(beating: Reset) -> None:
    """Lose this and a host on which a reboot takes too long takes the cell out of the verdict."""
    with pytest.raises(RigError, match="does not reboot under a build before any move: no the first beat"):
        beating([b"B 7 2702264 0 0"], []).must_reboot_first()
    with pytest.raises(Unsupported, match="before any move: its firmware resets it over and over"):
        beating([b"B 7 2702264 0 0"], [], resets=500).must_reboot_first()
