# SPDX-License-Identifier: Apache-2.0
"""The import rule: a package imports only packages above it, and siblings do not know each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.places import ROOT
from suites.harness.support.layers import broken_rules, circle_of, imports_of, room_of, source_files

WRONG = {
    "later package": ("fixtures/matrix/schema.py", "from fixtures.run.options import MATRIX"),
    "later package, whole": ("fixtures/machine/argv.py", "import fixtures.guest.guest"),
    "module by its package": ("fixtures/builds/pins.py", "from fixtures.run import options"),
    "reports from the library": ("fixtures/qualify/qualification.py", "from reports.files import put"),
    "sibling": ("fixtures/sweep/sweep.py", "from fixtures.bench.results import Bench"),
    "sibling path": ("fixtures/path/libvirt/path.py", "from fixtures.path.qmp.watch import QmpWatch"),
    "path from its interface": ("fixtures/path/interface.py", "from fixtures.path.qmp.path import QmpPath"),
    "late import": ("fixtures/errors.py", "def f():\n    from fixtures.waiting import Signal"),
    "images": ("images/initramfs.py", "from fixtures.builds.build import Build"),
    "tests import the pytest layer": ("suites/compat/test_x.py", "from fixtures.run.options import PAIR"),
    "library imports a suite": ("fixtures/sweep/sweep.py", "from suites.compat.test_devices import x"),
    "test from a test": ("suites/harness/test_a.py", "from suites.harness.still.test_stream import x"),
    "reports import more than they may": ("reports/files.py", "from fixtures.sweep.sweep import Sweep"),
    "operator's command needs a build": (
        "fixtures/operator/second.py",
        "from fixtures.path.libvirt.daemon import Daemon",
    ),
    "package without a place": ("fixtures/newroom/thing.py", "from fixtures.errors import UsageError"),
}
RIGHT = {
    "earlier package": ("fixtures/run/options.py", "from fixtures.matrix.schema import Matrix"),
    "own module": ("fixtures/matrix/cells.py", "from fixtures.matrix.schema import Matrix"),
    "part of a path": ("fixtures/path/qmp/path.py", "from fixtures.path.interface import Move"),
    "harness": ("suites/harness/run/test_options.py", "from fixtures.run.options import PAIR"),
    "Python's module with the name of a room": ("fixtures/hosts/footprint.py", "from operator import add"),
    "relative word": ("fixtures/errors.py", "from dataclasses import dataclass"),
    "images": ("images/initramfs.py", "from fixtures.matrix.guest_devices import GUEST_DEVICES"),
}


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_module_imports_only_what_stands_above_it(path: Path) -> None:
    """Lose this and the flow that the design draws is only a drawing."""
    assert broken_rules(path.relative_to(ROOT), path.read_text()) == []


@pytest.mark.parametrize("case", WRONG)
def test_import_against_the_rule_is_found(case: str) -> None:
    """Lose this and the rule above cannot fail."""
    path, text = WRONG[case]
    [problem] = broken_rules(Path(path), text)
    assert problem.startswith(f"{path}:{len(text.splitlines())}: ")


@pytest.mark.parametrize("case", RIGHT)
def test_import_within_the_rule_is_allowed(case: str) -> None:
    """Lose this and the rule refuses what the design draws."""
    path, text = RIGHT[case]
    assert broken_rules(Path(path), text) == []


def test_every_package_has_a_place_in_the_order() -> None:
    """Lose this and a new package is outside the rule."""
    assert {room_of(path.relative_to(ROOT)) for path in source_files()} >= {"matrix", "run", "reports"}


def test_all_forms_of_import_are_read() -> None:
    """Lose this and one way of writing an import escapes the rule."""
    text = "import a.b\nfrom c import d, e\nfrom fixtures.f import g"
    assert imports_of(text) == ((1, "a.b"), (2, "c.d"), (2, "c.e"), (3, "fixtures.f.g"))


def test_no_modules_import_each_other() -> None:
    """Lose this and two modules of one package can only be understood together."""
    files = [path.relative_to(ROOT) for path in source_files()]
    assert (
        circle_of({".".join(path.with_suffix("").parts): (ROOT / path).read_text() for path in files}) == []
    )


def test_circle_of_imports_is_found() -> None:
    """Lose this and an import under TYPE_CHECKING hides a circle."""
    hidden = "if TYPE_CHECKING:\n    from fixtures.a import A"
    circle = circle_of({"fixtures.a": "from fixtures.b import B", "fixtures.b": hidden})
    assert sorted(set(circle)) == ["fixtures.a", "fixtures.b"]
