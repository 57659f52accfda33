# SPDX-License-Identifier: Apache-2.0
"""What the fixtures give a test: cells for a guest, and a message if the guest does not exist yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.errors import UsageError
from fixtures.run.test_fixtures import Placeholder
from suites.harness.support.sample_checkout import sample_checkout

SKETCH = """
import pytest

@pytest.mark.guest(profile="busy")
def test_guest_writing_memory_survives(guest, hot_patch):
    assert hot_patch().runs_on_new_build
"""


def test_test_that_asks_for_a_guest_gets_the_cells(tmp_path: Path) -> None:
    """Lose this and a test written like the sketch in the design runs once, with None as the guest."""
    said = sample_checkout(tmp_path, {"hotpatch/test_x.py": SKETCH}).collect("--arch=x86_64")
    assert len(said.tests) > 1, said.text
    assert all("-busy-" in test and "[x86_64-q35." in test for test in said.tests)


@pytest.mark.parametrize("name", ["guest", "hot_patch", "libvirt", "convergence"])
def test_each_fixture_of_a_guest_gets_a_cell(name: str, request: pytest.FixtureRequest) -> None:
    """Lose this and one of the fixtures gives None to a test that does not request its cell."""
    [definition] = request.session._fixturemanager.getfixturedefs(name, request.node) or ()
    assert definition.argnames == ("cell",)
    assert isinstance(definition.func(None), Placeholder)


@pytest.mark.parametrize("use", [lambda guest: guest.works(), lambda guest: guest()], ids=["asked", "called"])
def test_guest_used_by_a_fixture_says_what_to_do(use: Callable[[object], object]) -> None:
    """Lose this and a fixture that uses the guest ends in an AttributeError of None."""
    with pytest.raises(UsageError, match=r"`guest` exists only while a test runs(.|\n)*hand it to a plain"):
        use(Placeholder("guest"))
