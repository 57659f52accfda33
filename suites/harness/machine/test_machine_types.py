# SPDX-License-Identifier: Apache-2.0
"""Machine types: which one a guest of this pair gets, and the message when there is none."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import Unsupported
from fixtures.machine.machine_types import Removed, resolve
from fixtures.machine.probe import MachineType, Probe
from fixtures.machine.type_order import line_of


def probe(*names: str, deprecated: str = "") -> Probe:
    """A QEMU that has these machine types."""
    machines = tuple(MachineType(name, None, name == deprecated) for name in names)
    return Probe("7.2.0", "7.2.0 x", machines, (), (), ())


OLD = probe("pc-q35-2.12", "pc-q35-7.1", "pc-q35-7.2", "pc-i440fx-7.2", "none", deprecated="pc-q35-2.12")
NEW = probe("pc-q35-7.1", "pc-q35-7.2", "pc-q35-10.0", "none")


def test_newest_of_the_old_build() -> None:
    """Lose this and guests are qualified on a machine type that users do not have."""
    assert resolve("q35", "newest-old", OLD, NEW) == "pc-q35-7.2"


def test_oldest_that_both_have() -> None:
    """Lose this and the guests that have run the longest are not qualified."""
    assert resolve("q35", "oldest-shared", OLD, NEW) == "pc-q35-7.1"


def test_named_version() -> None:
    """Lose this and the machine type in matrix.yaml is not the one that is qualified."""
    assert resolve("q35", "7.1", OLD, NEW) == "pc-q35-7.1"


def test_removed_type_is_reported_with_its_deprecation() -> None:
    """Lose this and an update that strands old guests looks as if it lacked a mechanism."""
    with pytest.raises(Removed, match=r"no longer has machine type pc-q35-2\.12, which the old build marks"):
        resolve("q35", "2.12", OLD, NEW)


def test_removed_without_a_warning_says_nothing_of_one() -> None:
    """Lose this and a report claims that users were warned."""
    with pytest.raises(Removed, match=r"no longer has machine type pc-i440fx-7\.2$"):
        resolve("pc", "newest-old", OLD, NEW)


def test_nothing_in_common_is_removed() -> None:
    """Lose this and an update that takes a whole family away looks as if it lacked a mechanism."""
    with pytest.raises(Removed, match="share no machine type pc-i440fx-"):
        resolve("pc", "oldest-shared", OLD, NEW)


@pytest.mark.parametrize("family,version", [("q35", "9.0"), ("pseries", "newest-old"), ("pseries", "7.2")])
def test_type_the_old_build_lacks_is_not_removed(family: str, version: str) -> None:
    """Lose this and an update is blamed for a machine type that the old build never had."""
    with pytest.raises(Unsupported, match="the old build has no machine type") as message:
        resolve(family, version, OLD, NEW)
    assert not isinstance(message.value, Removed)


def test_named_by_its_whole_suffix() -> None:
    """Lose this and a machine type of a distribution cannot be named in matrix.yaml."""
    had = probe("pc-q35-rhel9.4.0", "pc-q35-rhel9.6.0", "pc-q35-noble-hpb")
    assert resolve("q35", "rhel9.4.0", had, had) == "pc-q35-rhel9.4.0"
    assert resolve("q35", "noble-hpb", had, had) == "pc-q35-noble-hpb"


def test_version_of_proxmox_is_taken_where_qemu_takes_it() -> None:
    """Lose this and a guest of Proxmox cannot be qualified with the machine type that it has."""
    had = replace(probe("pc-q35-9.0"), takes_pve_version=True)
    assert resolve("q35", "9.0+pve1", had, had) == "pc-q35-9.0+pve1"
    with pytest.raises(Unsupported, match=r"the old build has no machine type pc-q35-9\.0\+pve1"):
        resolve("q35", "9.0+pve1", probe("pc-q35-9.0"), had)


def test_vof_is_the_same_type_with_another_firmware() -> None:
    """Lose this and guests that are to boot fast boot with SLOF."""
    had = probe("pseries-7.2")
    assert resolve("pseries-vof", "newest-old", had, had) == "pseries-7.2,x-vof=on"


def test_build_without_vof_is_named() -> None:
    """Lose this and a QEMU that knows no x-vof fails to start, which looks like the update's fault."""
    had = probe("pseries-5.2")
    with pytest.raises(Unsupported, match=r"the old build \(QEMU 5\.2\.0\) lacks x-vof"):
        resolve("pseries-vof", "newest-old", replace(had, version="5.2.0"), had)


def test_families_do_not_mix() -> None:
    """Lose this and a q35 guest is started as an i440fx one."""
    assert line_of(OLD, "pc").types == ("pc-i440fx-7.2",)


def test_ten_is_newer_than_nine() -> None:
    """Lose this and from QEMU 10 on, guests are qualified on the types of QEMU 9."""
    had = probe("pc-q35-9.10", "pc-q35-9.2", "pc-q35-10.0", "pc-q35-2.9")
    assert line_of(had, "q35").types == ("pc-q35-2.9", "pc-q35-9.2", "pc-q35-9.10", "pc-q35-10.0")
    assert resolve("q35", "newest-old", had, had) == "pc-q35-10.0"


numbers = st.tuples(st.integers(0, 30), st.integers(0, 30))


@settings(deadline=None)
@given(st.sets(numbers, min_size=1, max_size=12), st.sets(numbers, max_size=12))
def test_versions_are_ordered_as_numbers(old: set[tuple[int, int]], new: set[tuple[int, int]]) -> None:
    """Lose this and some pair of builds is qualified on another machine type than matrix.yaml asks for."""
    had, has = (probe(*[f"pc-q35-{major}.{minor}" for major, minor in each]) for each in (old, new | old))
    assert resolve("q35", "newest-old", had, has) == "pc-q35-{}.{}".format(*max(old))
    assert resolve("q35", "oldest-shared", had, has) == "pc-q35-{}.{}".format(*min(old))
    if old & new:
        some = probe(*[f"pc-q35-{major}.{minor}" for major, minor in new])
        assert resolve("q35", "oldest-shared", had, some) == "pc-q35-{}.{}".format(*min(old & new))
