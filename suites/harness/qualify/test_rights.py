# SPDX-License-Identifier: Apache-2.0
"""A user who is not root, or may not use userfaultfd, qualifies what can be qualified."""

from __future__ import annotations

import pytest

from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.cells import Cell
from fixtures.matrix.mechanisms import Mechanism
from fixtures.matrix.names import PathName
from fixtures.matrix.sweep_plan import SweepPlan
from fixtures.qualify import rights
from fixtures.qualify.rights import demand_root, demand_something


def cell(path: PathName, mechanism: Mechanism) -> Cell:
    """One cell of a guest on q35."""
    return Cell("x86_64", "q35", "newest-old", path, mechanism, "idle", "bare", 1)


PRECOPY, POSTCOPY = cell("qmp", "precopy"), cell("qmp", "postcopy")
LIBVIRT, DIRECT = cell("libvirt", "precopy"), cell("libvirt-direct", "postcopy")
SWEEP = SweepPlan("x86_64", "devices", everywhere=False, portion=0, portions=1)


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user is not root, and the kernel denies userfaultfd."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(rights, "missing", lambda _version: "the host forbids userfaultfd to this user")


@pytest.mark.parametrize("wanted", [[PRECOPY, LIBVIRT, POSTCOPY], [SWEEP, DIRECT], []])
def test_what_can_run_is_run(wanted: list[Cell | SweepPlan]) -> None:
    """Lose this and whoever is not root cannot qualify the moves that need no rights."""
    demand_something(wanted, lambda _cell: True)


@pytest.mark.parametrize(
    "wanted,words",
    [
        ([LIBVIRT], "libvirt: hot patches by libvirt need root"),
        ([DIRECT, POSTCOPY], "libvirt: hot patches by libvirt need root"),
        ([POSTCOPY], "userfaultfd: postcopy cannot be qualified on this host: the host forbids"),
    ],
)
def test_run_of_which_nothing_can_run_is_one_message(wanted: list[Cell | SweepPlan], words: str) -> None:
    """Lose this and a run as a wrong user ends with a table of what was not run."""
    with pytest.raises(UsageError, match=words):
        demand_something(wanted, lambda _cell: True)


def test_emulated_host_needs_no_rights_here() -> None:
    """Lose this and guests of emulated hosts are refused for what their own host has."""
    demand_something([LIBVIRT, POSTCOPY], lambda _cell: False)
    demand_root("libvirt", "emulated")


@pytest.mark.parametrize("path", ["libvirt", "libvirt-direct"])
def test_guest_of_libvirt_is_unsupported_without_root(
    path: PathName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and libvirt's daemon fails in its own words, and the suite calls it an error."""
    with pytest.raises(Unsupported, match="hot patches by libvirt need root"):
        demand_root(path, "tcg")
    demand_root("qmp", "tcg")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    demand_root(path, "tcg")
