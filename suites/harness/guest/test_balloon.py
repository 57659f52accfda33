# SPDX-License-Identifier: Apache-2.0
"""Each check of a balloon holds if it does what it should, and fails if it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fixtures.errors import RigError, Unsupported
from fixtures.guest import seen
from fixtures.guest.balloon import FREED_MIB, HELD_MIB, Balloon, must_be_offered
from fixtures.machine.management import ActFailed, BalloonStats
from suites.harness.support.scripted_managed import MIB, ScriptedGuest

FULL_KIB = 200 << 10


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "SEEN_SECONDS", 0.0)


def balloon(guest: ScriptedGuest, resident_kib: Callable[[], int | None] = lambda: None) -> Balloon:
    """The balloon of a scripted guest."""
    return Balloon(guest, lambda: guest, guest.record, resident_kib)  # type: ignore[arg-type]


def moved(guest: ScriptedGuest) -> Balloon:
    """The same after a move into a QEMU that does not poll by itself."""
    made = balloon(guest)
    made.must_work()
    guest.polled = guest.updated = 0
    return made


def failed(made: Balloon) -> list[str]:
    """Names of the checks that fail."""
    checks = (made.keeps_its_size(), made.statistics_come_again(), made.deflates())
    return [check.name for check in checks if not check]


def test_balloon_that_works_passes() -> None:
    """Lose this and every build is blamed."""
    guest = ScriptedGuest()
    made = moved(guest)
    assert guest.held == HELD_MIB * MIB
    assert failed(made) == []
    assert guest.polled == 1
    assert any("QEMU polls only once it is told to" in check.detail for check in guest.checks)


def test_manager_that_has_statistics_polled_as_before_is_not_helped() -> None:
    """Lose this and a libvirt that no longer polls the guests that it has moved passes."""
    guest = ScriptedGuest()
    made = balloon(guest)
    made.must_work()
    guest.polled = 10
    made.statistics_come_again()
    assert guest.polled == 10
    assert guest.checks[-1].detail.endswith("QEMU polls every 10 s, as before")


CHANGES: dict[str, Callable[[ScriptedGuest], Any]] = {
    "balloon-kept": lambda guest: setattr(guest, "held", 0),
    "balloon-stats": lambda guest: setattr(guest, "deaf_to", "poll_balloon"),
    "balloon": lambda guest: setattr(guest, "deaf_to", "balloon"),
}


@pytest.mark.parametrize("check", CHANGES)
def test_what_the_move_changed_is_found(check: str) -> None:
    """Lose this and an update that deflates balloons, or blinds managers, passes."""
    guest = ScriptedGuest()
    made = moved(guest)
    CHANGES[check](guest)
    assert failed(made) == [check]


def test_statistics_that_come_once_are_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and what the guest said before its move is taken for what it says after it."""
    guest = ScriptedGuest()
    made = moved(guest)
    monkeypatch.setattr(guest, "balloon_stats", lambda: BalloonStats(7, FULL_KIB))
    check = made.statistics_come_again()
    assert (bool(check), check.detail) == (False, "statistics came once only")


def test_statistics_must_be_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a manager that acts on the statistics takes memory from a guest that has none left."""
    guest = ScriptedGuest()
    made = moved(guest)
    monkeypatch.setattr(guest, "ask_memory", lambda: 7 * MIB)
    check = made.statistics_come_again()
    assert (bool(check), check.detail) == (False, "they say that the guest has 7 MiB, and it has 168 MiB")


@pytest.mark.parametrize("deaf_to", ["balloon", "poll_balloon"])
def test_balloon_that_never_worked_is_not_blamed_on_the_update(deaf_to: str) -> None:
    """Lose this and the update is blamed for it, or nobody learns that the cell showed nothing."""
    with pytest.raises(RigError, match="the balloon does not work with old before any move"):
        balloon(ScriptedGuest(deaf_to=deaf_to)).must_work()


def test_balloon_that_qemu_refuses_is_not_blamed_on_the_update() -> None:
    """Lose this and a QEMU without statistics makes each run undecided."""
    with pytest.raises(Unsupported, match="old cannot do that before any move: QEMU refuses it"):
        balloon(ScriptedGuest(refuses="poll_balloon")).must_work()


def test_qemu_that_does_not_answer_lacks_nothing() -> None:
    """Lose this and a host that is too slow takes the cell out of the verdict."""
    silent = must_be_offered(ActFailed("no answer"), "old")
    assert isinstance(silent, RigError)


def _resident(*kib: int) -> Callable[[], int | None]:
    values: Iterator[int] = iter(kib)
    last = kib[-1]
    return lambda: next(values, last)


@pytest.mark.parametrize(
    "back,held", [(FREED_MIB, True), (FREED_MIB // 2, True), (FREED_MIB // 2 - 1, False)]
)
def test_free_pages_must_go_back_to_the_host(back: int, held: bool) -> None:
    """Lose this and guests keep what they free, and the host runs out of memory some days after an update."""
    guest = ScriptedGuest()
    made = balloon(guest, _resident(FULL_KIB, FULL_KIB - (back << 10)))
    check = made.reports_free_pages()
    assert bool(check) is held
    if not held:
        assert (
            check.detail == f"the guest freed {FREED_MIB} MiB, of which QEMU gave {back} MiB back to the host"
        )


def test_free_page_reporting_that_never_worked_is_not_blamed_on_the_update() -> None:
    """Lose this and the update is blamed for a guest's kernel that reports nothing."""
    with pytest.raises(RigError, match="QEMU gave 0 MiB back"):
        balloon(ScriptedGuest(), _resident(FULL_KIB)).must_report_free_pages()
    with pytest.raises(Unsupported, match="cannot be seen"):
        balloon(ScriptedGuest()).must_report_free_pages()
