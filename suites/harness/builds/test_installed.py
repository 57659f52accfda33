# SPDX-License-Identifier: Apache-2.0
"""Does a root that somebody else made say which packages it has?"""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.builds.build import USUAL_PROGRAMS, Build, open_build
from fixtures.matrix.build_specs import RootBuild
from fixtures.matrix.schema import load_matrix
from fixtures.places import MATRIX_FILE

STATUS = """\
Package: qemu-system-x86
Status: install ok installed
Conffiles:
 /etc/qemu/x Version: 1
Version: 1:10.0.13+ds-0+deb13u1

Package: qemu-system-ppc
Status: deinstall ok config-files
Version: 1:9.0

Package: libvirt-daemon
Status: install ok installed
Version: 11.3.0-3+deb13u3
"""
RPM = """\
#!/bin/sh
test "$1" = --dbpath && test -f "$2/rpmdb.sqlite" && touch "$2/.rpm.lock" || exit 1
printf 'qemu-kvm-core 9.1.0-15.el9\\nlibvirt-daemon 10.10.0-7.el9\\n'
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with QEMU and no package database."""
    place = tmp_path / "root"
    program = place / USUAL_PROGRAMS["x86_64"].lstrip("/")
    program.parent.mkdir(parents=True)
    program.touch()
    return place


@pytest.fixture
def rpm_root(root: Path) -> Path:
    """A root with an rpm database."""
    database = root / "usr/lib/sysimage/rpm"
    database.mkdir(parents=True)
    (database / "rpmdb.sqlite").touch()
    return root


def opened(root: Path) -> Build:
    """The root as a build."""
    described = RootBuild(kind="root", path=str(root))
    return open_build(load_matrix(MATRIX_FILE).model_copy(update={"builds": {"mine": described}}), "mine")


def test_versions_of_a_root_with_dpkg_are_read(root: Path) -> None:
    """Lose this and the report of an installed system does not say which update it judged."""
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(STATUS)
    build = opened(root)
    assert build.package(["x86_64"]) == "qemu-system-x86 1:10.0.13+ds-0+deb13u1"
    assert build.libvirt == "11.3.0-3+deb13u3"
    assert "qemu-system-ppc" not in build.installed


def test_packages_are_those_of_the_guests(root: Path) -> None:
    """Lose this and the report of a run of ppc64le guests names the package of another QEMU."""
    power = "Package: qemu-system-ppc\nStatus: install ok installed\nVersion: 1:10.0.12\n"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(f"{STATUS.replace('qemu-system-ppc', 'other')}\n{power}")
    x86, ppc = "qemu-system-x86 1:10.0.13+ds-0+deb13u1", "qemu-system-ppc 1:10.0.12"
    build = opened(root)
    asked: tuple[tuple[str, ...], ...] = (("ppc64le",), ("x86_64", "ppc64le"), ())
    assert [build.package(archs) for archs in asked] == [ppc, f"{x86}, {ppc}", None]


def test_other_package_is_another_build(root: Path) -> None:
    """Lose this and a run is resumed, or merged, although its root was updated meanwhile."""
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "var/lib/dpkg/status").write_text(STATUS)
    before = opened(root).digest
    (root / "var/lib/dpkg/status").write_text(STATUS.replace("10.0.13", "10.0.14"))
    assert opened(root).digest != before


def test_versions_of_a_root_with_rpm_are_read(
    rpm_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the report of a Fedora root does not say which update it judged."""
    (tmp_path / "rpm").write_text(RPM)
    (tmp_path / "rpm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    build = opened(rpm_root)
    assert (build.package(["x86_64"]), build.libvirt) == ("qemu-kvm-core 9.1.0-15.el9", "10.10.0-7.el9")
    assert not (rpm_root / "usr/lib/sysimage/rpm/.rpm.lock").exists(), "the user's root is only read"


def test_rpm_database_that_cannot_be_read_is_reported(
    rpm_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a report without versions looks as if the root had no packages."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (note,) = opened(rpm_root).notes
    assert note == "build mine: rpm database not readable: the program `rpm` is not installed here"


def test_root_without_a_database_has_no_versions(root: Path) -> None:
    """Lose this and a root without packages is refused."""
    build = opened(root)
    assert (build.package(["x86_64"]), build.libvirt, build.notes) == (None, None, ())
