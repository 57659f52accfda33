# SPDX-License-Identifier: Apache-2.0
"""Words with which seeded defects in the migration stream are written."""

from __future__ import annotations

from suites.harness.support.seeds import Seed, SeededBuild
from suites.harness.support.tamper.fields import Change, Mode
from suites.harness.support.tamper.rules import UNTOUCHED, PageRule, Tampering
from suites.harness.support.wrong_builds import Wrong


def seed(
    kind: str,
    name: str,
    cell: str,
    tampering: Tampering,
    *words: str,
    known: Tampering = UNTOUCHED,
    harm: str = "",
) -> Seed:
    """A defect of the new build as destination, and its `harm`; `known` is one of the old build.

    `cell` is an end of the cell's id, through QMP by default.
    """
    path = "" if cell.startswith(("libvirt-", "pseries")) else "qmp-"
    return Seed(name, Wrong(), f"-{path}{cell}", "defect-new", words, kind, tampering, known, harm)


def field(section: str, path: str, mode: Mode = "zero", value: str = "") -> Tampering:
    """One field has another value."""
    return Tampering((Change(section, path, mode, value),))


def without(section: str, subsection: str = "") -> Tampering:
    """One section or subsection is missing."""
    return Tampering((Change(section, subsection, "leave-out"),))


def pages(*rules: PageRule) -> Tampering:
    """Pages of RAM are not what the source sent."""
    return Tampering(pages=rules)


def build(
    name: str,
    *seeds: Seed,
    slow: bool = True,
    suite: str = "suites/hotpatch",
    arch: str = "x86_64",
    more: tuple[str, ...] = (),
    right: str = "",
    on_power: bool = False,
) -> SeededBuild:
    """A build with these defects; a run of it takes about 20 s for each. `more` are further arguments."""
    cells = " or ".join(dict.fromkeys(f"{each.subject.removeprefix('-')}]" for each in seeds))
    select = (suite, f"--arch={arch}", "-m", "slow or not slow", "-k", cells, *more)
    return SeededBuild(name, "new", select, seeds, slow, right, on_power)
