# SPDX-License-Identifier: Apache-2.0
"""What is negotiated before a hot patch: only what both builds say they have."""

import pytest

from fixtures.errors import Unsupported
from fixtures.matrix import Mechanism
from fixtures.migration import plan

NEW = frozenset({"events", "return-path", "postcopy-ram", "multifd", "xbzrle"})
OLD = frozenset({"events", "return-path", "x-postcopy-ram"})


def test_precopy_asks_for_no_postcopy() -> None:
    """Lose this and precopy cells test postcopy."""
    wanted = plan("precopy", NEW, NEW)
    assert wanted.capabilities == ("events", "return-path")
    assert not wanted.postcopy


def test_postcopy_switches_its_capability_on() -> None:
    """Lose this and postcopy cells test precopy."""
    wanted = plan("postcopy", NEW, NEW)
    assert wanted.capabilities == ("events", "return-path", "postcopy-ram")
    assert wanted.postcopy


def test_postcopy_does_not_end_as_precopy() -> None:
    """Lose this and a guest is moved whole before postcopy has begun, and the cell shows nothing."""
    wanted = plan("postcopy", NEW, NEW)
    pages_in_limit = wanted.bandwidth * wanted.downtime_limit_ms / 1000 / 4096
    assert 0 < pages_in_limit < 64


def test_postcopy_by_its_old_name() -> None:
    """Lose this and builds before 2.11 count as having no postcopy."""
    assert "x-postcopy-ram" in plan("postcopy", OLD, OLD).capabilities


@pytest.mark.parametrize("name", ["postcopy-ram", "events"])
@pytest.mark.parametrize("side", ["source", "destination"])
def test_missing_capability_names_its_side(name: str, side: str) -> None:
    """Lose this and a user reads that something is missing, and not which build to look at."""
    sides = {"source": NEW, "destination": NEW, side: NEW - {name}}
    with pytest.raises(Unsupported, match=f"postcopy: the {side} lacks migration capability `{name}`"):
        plan("postcopy", sides["source"], sides["destination"])


def test_names_of_two_ages_do_not_meet() -> None:
    """Lose this and one side is asked to switch on what only the other one knows."""
    with pytest.raises(Unsupported, match="the source lacks"):
        plan("postcopy", OLD, NEW)
    with pytest.raises(Unsupported, match="the destination lacks"):
        plan("postcopy", NEW, OLD)


def test_return_path_is_used_only_where_both_have_it() -> None:
    """Lose this and a build without a return path cannot be moved from at all."""
    assert plan("precopy", NEW - {"return-path"}, NEW).capabilities == ("events",)
    assert plan("precopy", NEW, NEW - {"return-path"}).capabilities == ("events",)


@pytest.mark.parametrize("side", ["source", "destination"])
def test_multifd_is_negotiated(side: str) -> None:
    """Lose this and a side without multifd fails to migrate, which looks like the update's fault."""
    able = NEW | {"multifd"}
    agreed = plan("multifd", able, able)
    assert "multifd" in agreed.capabilities
    assert agreed.channels == 2
    sides = {"source": able, "destination": able, side: able - {"multifd"}}
    with pytest.raises(Unsupported, match=f"multifd: the {side} lacks"):
        plan("multifd", sides["source"], sides["destination"])


@pytest.mark.parametrize("mechanism", ["mapped-ram", "cpr-transfer"])
def test_mechanism_that_is_not_there_yet_is_unsupported(mechanism: Mechanism) -> None:
    """Lose this and a mechanism of matrix.yaml that the suite lacks passes, or ends in a traceback."""
    with pytest.raises(Unsupported, match=f"{mechanism}: this suite does not implement it"):
        plan(mechanism, NEW, NEW)
