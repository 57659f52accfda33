# SPDX-License-Identifier: Apache-2.0
"""What is negotiated before a hot patch: only what both builds say they have."""

import pytest

from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.mechanisms import MECHANISMS, Mechanism, MigrationAbilities, plan
from fixtures.matrix.promises import promise
from fixtures.places import ROOT

NEW = MigrationAbilities(
    frozenset({"events", "return-path", "postcopy-ram", "multifd", "x-ignore-shared"}),
    frozenset({"normal", "cpr-reboot", "cpr-transfer", "cpr-exec"}),
)
OLD = MigrationAbilities(frozenset({"events", "return-path", "x-postcopy-ram"}))


def without(offer: MigrationAbilities, name: str) -> MigrationAbilities:
    """The same without one capability or mode."""
    return MigrationAbilities(offer.capabilities - {name}, offer.modes - {name})


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


@pytest.mark.parametrize("mechanism,longer", [("precopy", 6.0), ("multifd", 6.0), ("postcopy", 1.0)])
def test_slow_host_may_stop_the_guest_for_longer(mechanism: Mechanism, longer: float) -> None:
    """Lose this and precopy never ends on an emulated host, or ends what is to be a postcopy."""
    wanted = plan(mechanism, NEW, NEW)
    assert wanted.on_slow_host(1.0) == wanted
    assert wanted.on_slow_host(6.0).downtime_limit_ms == longer * wanted.downtime_limit_ms


def test_postcopy_by_its_old_name() -> None:
    """Lose this and builds before 2.11 count as having no postcopy."""
    assert "x-postcopy-ram" in plan("postcopy", OLD, OLD).capabilities


@pytest.mark.parametrize("name", ["postcopy-ram", "events"])
@pytest.mark.parametrize("side", ["source", "destination"])
def test_missing_capability_names_its_side(name: str, side: str) -> None:
    """Lose this and a user reads that something is missing, and not which build to look at."""
    sides = {"source": NEW, "destination": NEW, side: without(NEW, name)}
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
    assert plan("precopy", without(NEW, "return-path"), NEW).capabilities == ("events",)
    assert plan("precopy", NEW, without(NEW, "return-path")).capabilities == ("events",)


def test_file_has_no_return_path() -> None:
    """Lose this and QEMU waits for an answer out of the file that it writes, and fails."""
    assert plan("cpr-reboot", NEW, NEW).capabilities == ("events", "x-ignore-shared")
    assert plan("cpr-exec", NEW, NEW).capabilities == ("events",)


def test_multifd_has_as_many_channels_on_both_sides() -> None:
    """Lose this and multifd uses one channel, or waits for a channel that never opens."""
    agreed = plan("multifd", NEW, NEW)
    assert "multifd" in agreed.capabilities
    assert agreed.parameters == {"multifd-channels": 2}


@pytest.mark.parametrize(
    "mechanism,missing,message",
    [
        ("multifd", "multifd", "migration capability `multifd`"),
        ("ignore-shared", "x-ignore-shared", "migration capability `x-ignore-shared`"),
        ("cpr-reboot", "cpr-reboot", "migration mode `cpr-reboot`"),
        ("cpr-transfer", "cpr-transfer", "migration mode `cpr-transfer`"),
        ("cpr-exec", "cpr-exec", "migration mode `cpr-exec`"),
    ],
)
@pytest.mark.parametrize("side", ["source", "destination"])
def test_who_lacks_what_a_mechanism_needs_is_named(
    side: str, mechanism: Mechanism, missing: str, message: str
) -> None:
    """Lose this and a build without a mechanism fails to migrate, which looks like the update's fault."""
    plan(mechanism, NEW, NEW)
    sides = {"source": NEW, "destination": NEW, side: without(NEW, missing)}
    with pytest.raises(Unsupported, match=f"{mechanism}: the {side} lacks {message}"):
        plan(mechanism, sides["source"], sides["destination"])


def test_cpr_sets_its_mode_on_both_sides() -> None:
    """Lose this and a plain migration passes for CPR."""
    assert plan("cpr-transfer", NEW, NEW).parameters == {"mode": "cpr-transfer"}
    assert plan("cpr-exec", NEW, NEW).parameters == {"mode": "cpr-exec"}
    assert plan("precopy", NEW, NEW).parameters == {}


def test_readme_explains_every_mechanism() -> None:
    """Lose this and a user does not know what a cell with this word in its id does."""
    lines = (ROOT / "README.md").read_text().splitlines()
    assert [name for name in MECHANISMS if not any(line.startswith(f"| `{name}` | ") for line in lines)] == []


def test_promise_of_an_unknown_mechanism_is_refused() -> None:
    """Lose this and a mistyped word ends in a traceback while tests are collected."""
    with pytest.raises(UsageError, match="did you mean postcopy"):
        promise("events", path="qmp", mechanism="poscopy")
