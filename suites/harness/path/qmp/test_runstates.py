# SPDX-License-Identifier: Apache-2.0
"""The runstates that both sides must have after a move."""

from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.path.qmp.path import _never_both, _runstates


def side(status: str, *events: tuple[str, float]) -> Any:
    """A machine with this runstate, and what its monitor announced at which host time."""
    seen = [SimpleNamespace(name=name, at=at, data={}) for name, at in events]
    return SimpleNamespace(status=lambda: status, monitor=SimpleNamespace(events=seen))


@pytest.mark.parametrize("wanted", ["running", "paused"])
@pytest.mark.parametrize("status", ["running", "paused"])
def test_destination_has_the_runstate_from_before(wanted: str, status: str) -> None:
    """Lose this and a guest that was paused runs after its move, or one that ran stands still."""
    check = _runstates(side("postmigrate"), side(status), wanted)
    assert check.held == (status == wanted)


@pytest.mark.parametrize("since,held", [(0.0, True), (2.0, False)])
def test_pause_before_the_move_counts_only_if_the_guest_was_paused(since: float, held: bool) -> None:
    """Lose this and a paused guest fails, or a source that never stopped passes."""
    assert _never_both(side("postmigrate", ("STOP", 1.0)), side("paused"), since).held == held
