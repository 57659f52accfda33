# SPDX-License-Identifier: Apache-2.0
"""The runstates that both sides must have after a move."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.path.qmp.ends import never_both, runstates


def side(status: str, *events: tuple[str, float]) -> Any:
    """A machine with this runstate, and what its monitor announced at which host time."""
    seen = [SimpleNamespace(name=name, at=at, data={}) for name, at in events]
    return SimpleNamespace(status=lambda: status, monitor=SimpleNamespace(events=seen))


@pytest.mark.parametrize("wanted", ["running", "paused"])
@pytest.mark.parametrize("status", ["running", "paused"])
def test_destination_has_the_runstate_from_before(wanted: str, status: str) -> None:
    """Lose this and a guest that was paused runs after its move, or one that ran stands still."""
    check = runstates(side("postmigrate"), side(status), wanted)
    assert check.held == (status == wanted)


@pytest.mark.parametrize("since,held", [(0.0, True), (2.0, False)])
def test_pause_before_the_move_counts_only_if_the_guest_was_paused(since: float, held: bool) -> None:
    """Lose this and a paused guest fails, or a source that never stopped passes."""
    assert never_both(side("postmigrate", ("STOP", 1.0)), side("paused"), since).held == held


def test_reset_before_the_switchover_is_reported_of_the_source() -> None:
    """Lose this and a guest that restarted at the source reads as one that the destination broke."""
    source, destination = side("postmigrate", ("SHUTDOWN", 1.0)), side("shutdown")
    source.monitor.events[0].data = {"guest": True, "reason": "guest-reset"}
    check = runstates(source, destination, "running")
    assert (check.held, check.what) == (
        False,
        "the guest reset itself on the source, before the switchover",
    )


def test_quit_of_the_source_is_no_end_of_the_guest() -> None:
    """Lose this and each guest that ends at the destination is reported to have ended at the source."""
    source, destination = side("postmigrate", ("SHUTDOWN", 1.0)), side("shutdown", ("SHUTDOWN", 0.5))
    source.monitor.events[0].data = {"guest": False, "reason": "host-qmp-quit"}
    destination.monitor.events[0].data = {"guest": True, "reason": "guest-reset"}
    assert runstates(source, destination, "running").what == "the guest reset itself"


def test_reset_by_the_destination_itself_is_named() -> None:
    """Lose this and a guest that the new QEMU resets is reported without a word of who did that."""
    destination = side("shutdown", ("SHUTDOWN", 1.0))
    destination.monitor.events[0].data = {"guest": False, "reason": "host-qmp-system-reset"}
    check = runstates(side("postmigrate"), destination, "running")
    assert check.what == "QEMU shut the guest down: host-qmp-system-reset"
