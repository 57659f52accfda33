# SPDX-License-Identifier: Apache-2.0
"""Which package carries a finding: the builds between two builds, and what runs of them say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.schema import load_matrix
from fixtures.nightly.bisect import Sought, carriers, findings_in, main
from fixtures.nightly.mixed_builds import Change, Mixed, between, changes, matrix_with
from fixtures.places import MATRIX_FILE

FOUND = Sought("guests are lost", ("a", "b"), frozenset({"t"}))
FINDING = {"sentence": "s", "outcome": "regression", "counts": True, "cells": ["a"]}
RERUN = ".venv/bin/pytest 'suites/compat/test_sweeps.py::test_x[x86_64-q35]' --old=o --new=n"

FAILED = {"arch": "x86_64", "path": "qmp", "seconds": 1.0, "rerun": RERUN}


def debian(name: str) -> DebianBuild:
    """A build of matrix.yaml."""
    build = load_matrix(MATRIX_FILE).build(name)
    assert isinstance(build, DebianBuild)
    return build


def mixed_by(change: Change) -> tuple[Mixed, Mixed]:
    """The builds between Debian 12 and 13 that show what this change does."""
    return between(change, *((name, debian(name)) for name in ("debian-12", "debian-13")))


def verdict(finding: dict[str, Any], old: str = "debian-12", new: str = "debian-13") -> dict[str, Any]:
    """A verdict with one cell and this finding."""
    cells = [{"id": "a", **FAILED, "outcome": finding["outcome"]}]
    return {"old": {"name": old}, "new": {"name": new}, "cells": cells, "findings": [finding]}


def test_each_changed_source_package_is_exchanged_alone() -> None:
    """Lose this and two packages change at once, so that the wrong one may be blamed."""
    old, new = debian("debian-12"), debian("debian-13")
    found = {change.name: change for change in changes(old, new)}
    assert list(found) == ["qemu", "seabios", "ipxe", "ovmf", "swtpm", "libtpms0", "libvirt"]
    without, only = mixed_by(found["ovmf"])
    assert without.build.packages == {**new.packages, "ovmf": old.packages["ovmf"]}
    assert (without.build.suites, without.build.release) == (("trixie", "bookworm"), "trixie")
    assert only.build.packages == {**old.packages, "ovmf": new.packages["ovmf"]}
    assert (without.name, only.name) == ("debian-13-old-ovmf", "debian-12-new-ovmf")


def test_package_that_only_one_build_has_goes_with_its_source() -> None:
    """Lose this and modules of the new QEMU are beside the old one, which aborts when it finds them."""
    old, new = debian("debian-12"), debian("debian-13")
    [qemu] = [change for change in changes(old, new) if change.name == "qemu"]
    assert "qemu-system-modules-spice" in new.packages
    without, only = mixed_by(qemu)
    assert "qemu-system-modules-spice" not in without.build.packages
    assert "qemu-system-modules-spice" in only.build.packages


def test_build_between_is_one_of_the_matrix_file(tmp_path: Path) -> None:
    """Lose this and no run can be made of the build."""
    mixed, _ = mixed_by(changes(debian("debian-12"), debian("debian-13"))[0])
    file = tmp_path / "matrix.yaml"
    file.write_text(matrix_with(MATRIX_FILE.read_text(), mixed.name, mixed.build))
    assert load_matrix(file).build(mixed.name) == mixed.build


@pytest.mark.parametrize(
    "outcomes,without,only",
    [
        ({"a": "pass", "b": "pass"}, "carries it", "does not"),
        ({"a": "pass", "b": "regression"}, "does not", "carries it"),
        ({"a": "pass"}, "carries it", "does not"),
        ({"a": "unsupported", "b": "error"}, "unknown", "unknown"),
        ({}, "unknown", "unknown"),
    ],
)
def test_package_is_blamed_only_if_cells_say_so(outcomes: dict[str, str], without: str, only: str) -> None:
    """Lose this and a package is blamed because a run of a build without it said nothing."""
    assert FOUND.carried(outcomes, has_it=False) == without
    assert FOUND.carried(outcomes, has_it=True) == only


def test_only_what_counts_is_sought() -> None:
    """Lose this and hours are spent on findings that the policy excuses."""
    excused = verdict(FINDING | {"counts": False})
    assert not list(findings_in(excused))
    [found] = findings_in(excused, everything=True)
    assert found.tests == {"suites/compat/test_sweeps.py::test_x[x86_64-q35]"}
    assert not list(findings_in(verdict(FINDING | {"outcome": "defect-old"}), everything=True))


def test_shortest_tests_of_each_architecture_and_path_are_run() -> None:
    """Lose this and a finding of a hundred cells takes an hour for each package, or one path is not asked."""
    cells: dict[str, dict[str, Any]] = {
        "long": {"rerun": "pytest t.py::long", "seconds": 90.0},
        "short": {"rerun": "pytest t.py::short", "seconds": 10.0},
        "middle": {"rerun": "pytest t.py::middle", "seconds": 20.0},
        "one-of-sweep": {"rerun": "pytest t.py::sweep", "seconds": 9.0},
        "other-of-sweep": {"rerun": "pytest t.py::sweep", "seconds": 12.0},
        "libvirt": {"rerun": "pytest t.py::libvirt", "seconds": 300.0, "path": "libvirt"},
        "no-time": {"rerun": "pytest t.py::power", "seconds": None, "arch": "ppc64le"},
    }
    written = verdict(FINDING | {"cells": list(cells)})
    written["cells"] = [{"id": name, **FAILED, **cell} for name, cell in cells.items()]
    [few] = findings_in(written)
    assert few.tests == {f"t.py::{name}" for name in ("short", "middle", "libvirt", "power")}
    assert few.cells == tuple(cells)
    [every] = findings_in(written, every_test=True)
    assert every.tests == few.tests | {"t.py::long", "t.py::sweep"}


def test_package_is_named_that_takes_the_finding_with_it() -> None:
    """Lose this and nobody knows which package must be mended."""
    assert carriers({"qemu": "carries it", "ovmf": "does not", "libvirt": "unknown"}) == ["qemu"]


@pytest.mark.parametrize(
    "written,arguments,message",
    [
        (None, [], "has no verdict"),
        ("no object", [], "cannot be read"),
        ({"old": None}, [], "is not the verdict of one pair"),
        (verdict(FINDING, "host-installed"), ["--matrix", "{host}"], "whose packages cannot be exchanged"),
        (verdict(FINDING, new="incoming-3f2a1c"), [], "the matrix has no build incoming-3f2a1c"),
        (verdict(FINDING), ["--package", "gcc"], "the update does not change 'gcc'"),
        (verdict(FINDING, "debian-13"), [], "both builds have the same packages"),
    ],
    ids=["missing", "damaged", "merged", "kind", "word", "package", "self"],
)
def test_wrong_use_has_one_message(
    written: dict[str, Any] | str | None,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Lose this and a wrong directory or name ends in a traceback, or in an hour of runs for nothing."""
    if written is not None:
        (tmp_path / "verdict.json").write_text(json.dumps(written))
    host = tmp_path / "matrix.yaml"
    host.write_text(
        MATRIX_FILE.read_text().replace("builds:\n", "builds:\n  host-installed: {kind: host}\n", 1)
    )
    words = [word.format(host=host) for word in arguments]
    assert main([str(tmp_path), *words]) == 2
    assert message in capsys.readouterr().err


def test_safe_update_needs_no_bisection(tmp_path: Path) -> None:
    """Lose this and a run without a finding ends as an error."""
    (tmp_path / "verdict.json").write_text(json.dumps(verdict(FINDING) | {"findings": []}))
    assert main([str(tmp_path)]) == 0
