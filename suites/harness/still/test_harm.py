# SPDX-License-Identifier: Apache-2.0
"""Whether the source of a machine that never ran can go on, with a scripted source."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.evidence.harm import Harm
from fixtures.still.harm import harm_at_source
from fixtures.still.machine import StillFailure


class Source:
    """A source with these runstates, one for each question."""

    def __init__(self, *states: str, saves: bool = True) -> None:
        self._states = list(states)
        self._saves = saves

    def save(self) -> bytes:
        """The stream, or a failure."""
        if not self._saves:
            raise StillFailure("migrate", "QEMU ended with exit status 139")
        return b""

    def ask(self, command: str) -> Any:
        """The next runstate; no more if QEMU has ended."""
        if command != "query-status":
            return {}
        if not self._states:
            raise StillFailure("migrate", "QEMU ended with exit status 139")
        return {"status": self._states.pop(0) if len(self._states) > 1 else self._states[0]}


CASES: dict[str, tuple[Any, Harm]] = {
    "runs": (Source("finish-migrate", "postmigrate", "postmigrate", "running"), Harm.STRANDED),
    "does not run": (Source("postmigrate", "postmigrate", "paused"), Harm.LOST),
    "died": (Source(saves=False), Harm.LOST),
    "did not save": (Source("prelaunch", "prelaunch", "prelaunch", "running", saves=False), Harm.STRANDED),
}


@pytest.mark.parametrize("case", CASES)
def test_source_is_continued(case: str) -> None:
    """Lose this and a device that kills the source counts as one whose guest runs on."""
    source, expected = CASES[case]
    assert harm_at_source(source, sends=True).harm is expected


def test_source_of_a_removed_device_sends_nothing() -> None:
    """Lose this and a device that also blocks migration makes its removal look worse than it is."""
    found = harm_at_source(Source("prelaunch", "prelaunch", "running", saves=False), sends=False)  # type: ignore[arg-type]
    assert found.harm is Harm.STRANDED
