# SPDX-License-Identifier: Apache-2.0
"""How the guest agent tells the time in which its guest ran from that in which it stood still."""

from __future__ import annotations

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

RAN = {
    "no beat yet": ("", 0, 5000),
    "beats on time": ("250 4", 1000, 4000),
    "beats at the usual pace of a busy guest": ("100 10", 1000, 4000),
    "a guest that waits for its pages for 4 s": ("100 10 1 4000 100 10", 2040, 2960),
    "a guest that gets a core now and then": ("10 200", 400, 4600),
    "a bound that has passed": ("600 10", 6000, 0),
}
"""Numbers of beats and the ms between them; then how long the guest ran and what is left of 5 s, in ms."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints how long a guest with such beats has run."""
    return compiled_part("ran", ["ran"], tmp_path_factory.mktemp("ran"))


@pytest.mark.parametrize("case", RAN)
def test_guest_that_stands_still_blames_no_device(ran: Part, case: str) -> None:
    """Lose this and a disk is broken because its guest waited for memory while a request was on its way."""
    beats, ran_ms, left_ms = RAN[case]
    assert ran(*beats.split()).strip() == f"ran for {ran_ms} ms, waits for {left_ms} ms"
