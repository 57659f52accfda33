# SPDX-License-Identifier: Apache-2.0
"""What TCG may lose by itself: one failure is excused, a real loss never."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.evidence.tcg_boots import KNOWN_HANGS, STILL_SERVES
from fixtures.outcome.outcome import Outcome, RunRecord
from fixtures.outcome.tcg_race import BUSY, LEAST_OVERLOAD, MOST_PAGES, OVERLOAD, excused

FIRST = "first 4735: wrong lap in lap 64, expected 0x40, found 0x35"
REWRITTEN = "pages were damaged when overwritten"
PASSED = RunRecord("old", "new", "pass")
SILENT = "waited 90 s for the first beat after a reboot; last seen: B 7"
UNKNOWN = RunRecord("old", "new", "fail", f"reboot: {SILENT}")
MOVED = RunRecord("old", "new", "fail", f"alive: vCPU 0 waits, but {STILL_SERVES} 236")
STOPPED = RunRecord("old", "new", "fail", f"reboot: {SILENT}; vCPU 0 waits, but {STILL_SERVES} 236")
"""A run whose guest hung in its reboot because the end of an interrupt was lost."""


ENDED = RunRecord(
    "old",
    "new",
    "fail",
    "reboot: QEMU closed the console while the suite waited for the first beat after a reboot: QEMU is gone; "
    "system/physmem.c:2671: iotlb_to_section: Assertion `section_index < d->map.sections_nb' failed.",
)
"""A run of which this was seen: QEMU 10.0.13 ended while the guest rebooted."""


def lost(pages: int = 2, overload: float = 4.0, what: str = REWRITTEN) -> RunRecord:
    """A run that lost pages on a machine with this overload."""
    return RunRecord("old", "new", "fail", f"memory: {pages} {what}; {FIRST}", figures={OVERLOAD: overload})


def test_one_loss_on_an_overloaded_machine_is_no_verdict() -> None:
    """Lose this and an update is unsafe because the machine that tests it was overloaded once."""
    assert "a quieter machine or with KVM; memory: 2 pages" in excused(Outcome.FLAKY, [lost(), PASSED])


def test_loss_in_a_later_move_is_excused_alike() -> None:
    """Lose this and cells that move their guest twice still make a good update unsafe."""
    later = lost()
    later.reason = later.reason.replace("memory: ", "memory: second move, new → new: ")
    assert excused(Outcome.FLAKY, [later, PASSED])


@pytest.mark.parametrize(
    "failed",
    [
        pytest.param(lost(overload=LEAST_OVERLOAD), id="quiet-machine"),
        pytest.param(lost(pages=MOST_PAGES + 1), id="many-pages"),
        pytest.param(lost(what="of 16384 still pages damaged"), id="pages-that-nobody-writes"),
        pytest.param(lost(what="pages that beats touch damaged; 9 of 8192 pages damaged"), id="many-in-all"),
        pytest.param(replace(lost(), reason=f"state: 2 {REWRITTEN}; {FIRST}"), id="another-check"),
        pytest.param(replace(lost(), figures={}), id="overload-unknown"),
    ],
)
def test_other_losses_are_not_excused(failed: RunRecord) -> None:
    """Lose this and a build that loses memory of its guests is taken for a limit of TCG."""
    assert not excused(Outcome.FLAKY, [failed, PASSED])


def test_loss_that_repeats_is_not_excused() -> None:
    """Lose this and a build that loses a page in each third move is safe on an overloaded machine."""
    assert not excused(Outcome.FLAKY, [lost(), PASSED, lost(), PASSED])


@pytest.mark.parametrize("outcome", [Outcome.REGRESSION, Outcome.DEFECT_OLD, Outcome.PASS])
def test_other_outcomes_stay(outcome: Outcome) -> None:
    """Lose this and a confirmed regression is excused because the machine was overloaded."""
    assert not excused(outcome, [lost(), PASSED])


@pytest.mark.parametrize("known, words", KNOWN_HANGS.items())
def test_one_reboot_that_tcg_stopped_is_no_verdict(known: str, words: str) -> None:
    """Lose this and an update is unsafe because TCG stopped one reboot of a guest."""
    hung = RunRecord("old", "new", "fail", f"reboot: {SILENT}; vCPU 0 waits, but {known} 236")
    said = excused(Outcome.FLAKY, [hung, PASSED, PASSED])
    assert said.startswith(f"TCG itself can {words} while a guest boots: repeat, or use KVM; reboot:")
    assert said.endswith("none of 2 other runs failed")


def test_one_reboot_that_tcg_ended_is_no_verdict() -> None:
    """Lose this and an update is undecided because TCG ended QEMU in one reboot of a guest."""
    said = excused(Outcome.FLAKY, [ENDED, PASSED, PASSED])
    assert said.startswith(
        "TCG itself can end QEMU while a guest boots (QEMU's issue 1921): repeat, or use KVM; "
    )


@pytest.mark.parametrize(
    "outcome, runs",
    [
        pytest.param(Outcome.FLAKY, [ENDED, PASSED, ENDED], id="it-ends-again"),
        pytest.param(Outcome.REGRESSION, [ENDED, PASSED], id="it-always-ends"),
        pytest.param(
            Outcome.FLAKY,
            [replace(ENDED, reason=ENDED.reason.replace("reboot: ", "alive: ")), PASSED],
            id="it-ends-in-a-move",
        ),
        pytest.param(Outcome.FLAKY, [STOPPED, PASSED, STOPPED], id="it-repeats"),
        pytest.param(Outcome.DEFECT_NEW, [STOPPED, PASSED], id="not-by-chance"),
        pytest.param(Outcome.FLAKY, [UNKNOWN, PASSED], id="another-hang"),
        pytest.param(Outcome.FLAKY, [MOVED, PASSED], id="not-in-a-reboot"),
    ],
)
def test_other_hangs_are_not_excused(outcome: Outcome, runs: list[RunRecord]) -> None:
    """Lose this and a build that loses interrupts of each third guest that reboots is safe."""
    assert not excused(outcome, runs)


def _too_late(overload: float) -> RunRecord:
    reason = "postcopy: events started booted, suspended migrated, stopped migrated"
    return RunRecord("old", "new", "fail", reason, figures={OVERLOAD: overload})


def test_postcopy_that_came_too_late_once_on_a_busy_machine_is_no_verdict() -> None:
    """Lose this and a good update is undecided because a vCPU of one guest got no core in time."""
    said = excused(Outcome.FLAKY, [_too_late(BUSY + 0.5), PASSED])
    assert "precopy ended before postcopy began on an overloaded machine (overload 1.5)" in said


@pytest.mark.parametrize("runs", [[_too_late(BUSY), PASSED], [_too_late(2.0), PASSED, _too_late(2.0)]])
def test_build_that_ignores_postcopy_is_found(runs: list[RunRecord]) -> None:
    """Lose this and a build whose postcopy is a precopy is taken for one on a busy machine."""
    assert not excused(Outcome.FLAKY, runs)


def _kernel_says(line: str, overload: float = 7.0) -> RunRecord:
    return RunRecord("old", "new", "fail", f"kernel-log: {line}", figures={OVERLOAD: overload})


WATCHDOG = "e1000 0000:00:0a.0 eth0: NETDEV WATCHDOG: CPU: 0: transmit queue 0 timed out 8560 ms"


def test_driver_that_gave_up_once_on_an_overloaded_machine_is_no_verdict() -> None:
    """Lose this and an update is unsafe because a network card got no core for eight seconds."""
    assert WATCHDOG in excused(Outcome.FLAKY, [_kernel_says(WATCHDOG), PASSED])


@pytest.mark.parametrize(
    "runs",
    [
        [_kernel_says(WATCHDOG, LEAST_OVERLOAD), PASSED],
        [_kernel_says(WATCHDOG), PASSED, _kernel_says(WATCHDOG)],
        [_kernel_says("BUG: unable to handle page fault"), PASSED],
    ],
    ids=["quiet-machine", "repeated", "another"],
)
def test_other_trouble_of_a_kernel_is_not_excused(runs: list[RunRecord]) -> None:
    """Lose this and a card that is deaf after its move is taken for a busy machine."""
    assert not excused(Outcome.FLAKY, runs)


def _request_takes(reason: str, overload: float = 6.0) -> RunRecord:
    return RunRecord("old", "new", "fail", reason, figures={OVERLOAD: overload})


def test_two_troubles_of_two_kinds_are_no_verdict() -> None:
    """Lose this and a good update is unsafe because TCG troubled two guests of a cell in two ways."""
    locked_up = _kernel_says("watchdog: BUG: soft lockup - CPU#0 stuck for 38s!", 1.7)
    said = excused(Outcome.FLAKY, [STOPPED, PASSED, locked_up, PASSED])
    assert "lose the end of an interrupt" in said
    assert "soft lockup" in said
    assert said.endswith("none of 2 other runs failed")
    assert not excused(Outcome.FLAKY, [STOPPED, PASSED, locked_up, locked_up])
    assert not excused(Outcome.FLAKY, [STOPPED, PASSED, UNKNOWN])


LATE = "devices: back: virtio-disk during the move: 4 of 8351 rounds failed: no end within 7239 ms"


def test_late_request_once_on_an_overloaded_machine_is_no_verdict() -> None:
    """Lose this and an update is unsafe because a disk got no core for seven seconds."""
    assert LATE in excused(Outcome.FLAKY, [_request_takes(LATE), PASSED])


@pytest.mark.parametrize(
    "runs",
    [
        [_request_takes(LATE, LEAST_OVERLOAD), PASSED],
        [_request_takes(LATE), PASSED, _request_takes(LATE)],
        [_request_takes(LATE.replace("no end within 7239 ms", "other data")), PASSED],
    ],
    ids=["quiet-machine", "repeated", "another"],
)
def test_other_failures_of_a_device_are_not_excused(runs: list[RunRecord]) -> None:
    """Lose this and a disk that hangs after its move is taken for a busy machine."""
    assert not excused(Outcome.FLAKY, runs)


DEAF = RunRecord(
    "old",
    "new",
    "fail",
    "frames: no frame came back for 2.213 s around the switchover, 0.734 s allowed; "
    "XIVE presents vCPU 0 an interrupt that it does not take",
)
GAP = replace(DEAF, reason=DEAF.reason.partition(";")[0])


def test_interrupts_that_were_lost_now_and_then_are_no_verdict() -> None:
    """Lose this and an update is unsafe because TCG kept frames from a guest."""
    said = excused(Outcome.FLAKY, [DEAF, PASSED, DEAF, PASSED])
    assert said.startswith(
        "TCG itself can lose an interrupt of a POWER guest that is moved: repeat, or use KVM; "
    )


@pytest.mark.parametrize(
    "outcome, runs",
    [
        pytest.param(Outcome.REGRESSION, [DEAF, DEAF, PASSED], id="always"),
        pytest.param(Outcome.FLAKY, [DEAF, PASSED, GAP], id="another-gap-too"),
        pytest.param(Outcome.FLAKY, [GAP, PASSED], id="another-gap"),
    ],
)
def test_other_gaps_are_not_excused(outcome: Outcome, runs: list[RunRecord]) -> None:
    """Lose this and a build that takes guests from their network is safe."""
    assert not excused(outcome, runs)
