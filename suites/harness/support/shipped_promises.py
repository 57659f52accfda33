# SPDX-License-Identifier: Apache-2.0
"""The promises that the suites' own tests declare."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from fixtures.matrix.promises import MARKER, Promise
from fixtures.places import ROOT, SUITES


def shipped_promises() -> Iterator[Promise]:
    """Those of all tests that boot guests, in the order of their files."""
    for file in sorted(SUITES.glob("*/test_*.py")):
        if file.parent.name != "harness":
            module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for test in vars(module).values():
                yield from (mark.args[0] for mark in getattr(test, "pytestmark", ()) if mark.name == MARKER)
