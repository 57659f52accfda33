# SPDX-License-Identifier: Apache-2.0
"""Packages with a defect on purpose: a real package of a build, unpacked, changed and packed again."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fixtures.builds.debian_system import DebianSystem
from fixtures.builds.package_files import INDEX, write_index

PACK_SECONDS = 120


@dataclass(frozen=True)
class WrongPackage:
    """A change of one package."""

    package: str
    scripts: Mapping[str, str] = field(default_factory=dict)
    """What a maintainer script does first, by its name."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Further programs that it ships, by path."""
    without: str = ""
    """Files that it does not ship, as a glob."""


def wrong_system(right: DebianSystem, wrong: WrongPackage, place: Path) -> DebianSystem:
    """The same system, whose package files have this defect; its root is the right one."""
    debs, tree = place / "debs", place / "tree"
    shutil.copytree(right.debs, debs, copy_function=_linked)
    (old,) = debs.glob(f"{wrong.package}_*.deb")
    _run("dpkg-deb", "--raw-extract", str(old), str(tree))
    for name, does in wrong.scripts.items():
        script = tree / "DEBIAN" / name
        first, _, rest = script.read_text().partition("\n") if script.exists() else ("#!/bin/sh", "", "")
        script.write_text(f"{first}\n{does}\n{rest}")
        script.chmod(0o755)
    for path, content in wrong.files.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755)
    for file in tree.glob(wrong.without) if wrong.without else ():
        file.unlink()
    old.unlink()  # A link: its file is the cache's.
    _run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(old))
    shutil.rmtree(tree)
    (debs / INDEX).unlink()
    write_index(debs)
    return replace(right, name=f"{right.name}-wrong", debs=debs)


def _linked(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=PACK_SECONDS)
