# SPDX-License-Identifier: Apache-2.0
"""How the differences of a device are put into one reason."""

from __future__ import annotations

from fixtures.still.guest_view import SeenDifference
from fixtures.sweep.guest_views import MOST_NAMED, changes_of


def difference(what: str, device: str = "d1") -> SeenDifference:
    """A BAR that was not there."""
    return SeenDifference(device, what, "", "memory", guest_visible=True)


def test_differences_that_read_alike_are_said_once() -> None:
    """Lose this and the functions of one network card push all other differences out of the reason."""
    alike = [difference("bar 0", f"d{number}") for number in range(8)]
    assert changes_of([*alike, difference("bar 3")]) == (
        "bar 0 was nothing and is memory (8 times); bar 3 was nothing and is memory"
    )


def test_only_the_first_differences_are_said() -> None:
    """Lose this and one finding fills the page."""
    said = changes_of([difference(f"bar {number}") for number in range(MOST_NAMED + 2)])
    assert said.count("bar") == MOST_NAMED
    assert said.endswith(" and 2 more")
