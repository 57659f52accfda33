# SPDX-License-Identifier: Apache-2.0
"""A pin that the archive dropped moves within its upstream series, says so, and goes nowhere else."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from fixtures.builds.apt_failures import ArchiveLacks
from fixtures.builds.mmdebstrap import pins_of_today
from fixtures.builds.series import Candidate, Standing, replacements, same_series, upstream_series
from fixtures.errors import UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE

BUILD = DebianBuild(kind="debian", suites=("bookworm",), packages={"seabios": "1.16.2-1"})


@pytest.mark.parametrize(
    "version,series",
    [
        ("1:7.2+dfsg-7+deb12u18+b3", (7, 2)),
        ("1:5.2+dfsg-11+deb11u5", (5, 2)),
        ("1:10.0.2+ds-2+deb13u1~bpo12+1", (10, 0)),
        ("1:11.1.3+ds-1~bpo13+1", (11, 1)),
        ("1.0.0+git-20190125.36a4c85-5.1", (1, 0)),
        ("1.16.3-2~bpo12+1", (1, 16)),
        ("6.1.176-1", (6, 1)),
        ("20250501", (20250501, 0)),
    ],
)
def test_upstream_series_is_read_from_debians_version(version: str, series: tuple[int, ...]) -> None:
    """Lose this and a pin that the archive dropped moves to another QEMU than the one it names."""
    assert upstream_series(version) == series


def test_pin_moves_to_the_newest_of_its_series() -> None:
    """Lose this and the first command of the README stops working when Debian updates QEMU."""
    offered = ["1:10.0.2+ds-2", "1:7.2+dfsg-7+deb12u20", "1:7.2+dfsg-7+deb12u19"]
    assert same_series("1:7.2+dfsg-7+deb12u18+b3", offered) == "1:7.2+dfsg-7+deb12u20"


def test_pin_does_not_leave_its_series() -> None:
    """Lose this and a build that is called 7.2 is 7.20 or 10.0."""
    assert same_series("1:7.2+dfsg-7", ["1:7.20+dfsg-1", "1:10.0.2+ds-2"]) == ""


def standing(package: str, pinned: str, *versions: str) -> Standing:
    """A pin, and what the archive has of its package."""
    return Standing(package, pinned, tuple(Candidate(version, "bookworm") for version in versions))


def test_packages_of_one_source_move_together() -> None:
    """Lose this and QEMU's packages do not fit together once the archive has dropped one of them."""
    x86 = standing("qemu-system-x86", "1:7.2+dfsg-7+b3", "1:7.2+dfsg-8")
    data = standing("qemu-system-data", "1:7.2+dfsg-7", "1:7.2+dfsg-8", "1:7.2+dfsg-7")
    bios = standing("seabios", "1.16.2-1", "1.16.4-1", "1.16.2-1")
    assert replacements([x86, data, bios]) == {
        "qemu-system-x86": "1:7.2+dfsg-8",
        "qemu-system-data": "1:7.2+dfsg-8",
        "seabios": "1.16.2-1",
    }


def test_pin_stays_in_its_suite() -> None:
    """Lose this and the everyday stable update is qualified from the new version to itself."""
    offers = (Candidate("1:7.2+dfsg-9", "bookworm"), Candidate("1:7.2+dfsg-7", "bookworm-security"))
    assert Standing("qemu-system-x86", "1:7.2+dfsg-7", offers).successor == "1:7.2+dfsg-7"


def test_pin_of_a_moving_suite_follows_it_into_another_series() -> None:
    """Lose this and a build of Debian testing is stuck whenever testing gets a new QEMU."""
    offers = (Candidate("1:11.2.0+ds-1", "forky"),)
    gone = Standing("qemu-utils", "1:11.1.2+ds-3", offers, moving=True)
    assert replacements([gone]) == {"qemu-utils": "1:11.2.0+ds-1"}
    there = Standing("qemu-utils", "1:11.2.0+ds-1", offers, moving=True)
    assert replacements([there]) == {"qemu-utils": "1:11.2.0+ds-1"}
    assert replacements([Standing("qemu-utils", "1:11.1.2+ds-3", (), moving=True)]) == {"qemu-utils": ""}


Archive = Callable[..., None]


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Sets what the archive has now."""

    def has(*versions: str) -> None:
        offers = tuple(Candidate(version, "bookworm") for version in versions)

        def index(*_: object, **__: object) -> SimpleNamespace:
            return SimpleNamespace(offers=lambda *_: offers)

        monkeypatch.setattr("fixtures.builds.mmdebstrap.AptIndex", index)

    return has


def test_moved_pin_is_reported_in_one_line(archive: Archive) -> None:
    """Lose this and a report does not say that another package was qualified than the one pinned."""
    archive("1.16.4-1", "1.15.0-1")
    pins, notes = pins_of_today("debian-12", BUILD, Path("work"), strict_pins=False)
    assert pins == {"seabios": "1.16.4-1"}
    assert notes == ["debian-12: seabios 1.16.2-1 is gone from the archive; took 1.16.4-1"]


def test_pin_that_the_archive_has_stays(archive: Archive) -> None:
    """Lose this and every pin moves because one did."""
    archive("1.16.4-1", "1.16.2-1")
    assert pins_of_today("debian-12", BUILD, Path("work"), strict_pins=True) == ({"seabios": "1.16.2-1"}, [])


def test_strict_pins_make_a_moved_pin_an_error(archive: Archive) -> None:
    """Lose this and the nightly qualifies something else than what is pinned."""
    archive("1.16.4-1")
    with pytest.raises(
        UsageError, match=r'has 1\.16\.4-1\n.*`make pins ARGS="debian-12 --move"` moves the pins'
    ):
        pins_of_today("debian-12", BUILD, Path("work"), strict_pins=True)


def test_series_that_a_moving_suite_dropped_is_one_line(archive: Archive) -> None:
    """Lose this and a build of Debian testing cannot be had once testing has another series."""
    archive("1.17.0-1")
    moving = BUILD.model_copy(update={"moving": True})
    pins, notes = pins_of_today("testing", moving, Path("work"), strict_pins=False)
    assert pins == {"seabios": "1.17.0-1"}
    assert notes == ["testing: seabios 1.16.2-1 is gone from the archive; took 1.17.0-1"]
    with pytest.raises(UsageError, match=r'1\.17\.0-1\n.*`make pins ARGS="testing --move"` moves the pins'):
        pins_of_today("testing", moving, Path("work"), strict_pins=True)


@pytest.mark.parametrize("offered", ["1.16.2-1+b1", "1.16.2-1"])
def test_rebuild_of_another_architecture_is_the_pin(offered: str, archive: Archive) -> None:
    """Lose this and POWER hosts lack every package that was rebuilt for amd64 alone."""
    build = BUILD.model_copy(update={"packages": {"seabios": "1.16.2-1+b3"}})
    archive("1.16.4-1", offered)
    found = pins_of_today("debian-12", build, Path("work"), host_arch="ppc64el", strict_pins=True)
    assert found == ({"seabios": offered}, [])


def test_rebuild_of_the_pinned_architecture_is_another_version(archive: Archive) -> None:
    """Lose this and a rebuilt QEMU is qualified without a word."""
    archive("1.16.2-1+b1")
    _, notes = pins_of_today("debian-12", BUILD, Path("work"), strict_pins=False)
    assert notes == ["debian-12: seabios 1.16.2-1 is gone from the archive; took 1.16.2-1+b1"]


def test_gone_pin_of_another_architecture_moves_alike(archive: Archive) -> None:
    """Lose this and the report of a POWER host does not say that its QEMU is not the pinned one."""
    archive("1.16.4-1")
    _, notes = pins_of_today("debian-12", BUILD, Path("work"), host_arch="ppc64el", strict_pins=False)
    assert notes == ["debian-12:ppc64el: seabios 1.16.2-1 is gone from the archive; took 1.16.4-1"]
    with pytest.raises(UsageError, match=r"^build debian-12:ppc64el: .*\n.*`make pins ARGS=\"debian-12 "):
        pins_of_today("debian-12", BUILD, Path("work"), host_arch="ppc64el", strict_pins=True)


def test_series_that_another_architecture_lacks_is_no_error_of_the_user(archive: Archive) -> None:
    """Lose this and an architecture whose packages are built late stops the run of every cell."""
    archive("1.17.0-1")
    with pytest.raises(ArchiveLacks, match=r"seabios 1.16.2-1 is gone from the archive, which has 1.17"):
        pins_of_today("debian-12", BUILD, Path("work"), host_arch="ppc64el", strict_pins=True)


def test_suites_without_the_architecture_are_named(archive: Archive) -> None:
    """Lose this and `make pins` says of each package that it is gone, where the architecture is."""
    archive()
    with pytest.raises(ArchiveLacks, match="the suites bookworm have no packages for ppc64el"):
        pins_of_today("debian-12", BUILD, Path("work"), host_arch="ppc64el", strict_pins=False)


@pytest.mark.parametrize("offered", [["1.17.0-1"], []])
def test_pin_whose_series_is_gone_is_reported(offered: list[str], archive: Archive) -> None:
    """Lose this and a stale pin ends in apt's riddle instead of what the archive has."""
    archive(*offered)
    with pytest.raises(UsageError, match=f"archive, which has {'1.17.0-1' if offered else 'none'}"):
        pins_of_today("debian-12", BUILD, Path("work"), strict_pins=False)


def test_pins_of_the_shipped_builds_have_a_series() -> None:
    """Lose this and a shipped pin cannot follow the archive."""
    builds = load_matrix(MATRIX_FILE).builds.values()
    versions = [v for build in builds if isinstance(build, DebianBuild) for v in build.packages.values()]
    assert versions
    assert all(upstream_series(version) != (0, 0) for version in versions)
