# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin that gives a build of kind `root` a second root, for an emulated POWER host.

In matrix.yaml only builds of kind `debian` have one. The environment variable :data:`ROOT` names it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fixtures.builds.build import USUAL_PROGRAMS, Build, open_build
from fixtures.builds.sandbox import Sandbox
from fixtures.matrix.build_specs import RootBuild
from fixtures.matrix.schema import Matrix
from fixtures.qualify import venues

ROOT = "HOTPATCH_POWER_ROOT"


def pytest_configure() -> None:
    """Replace the function that opens builds for emulated hosts."""
    venues.open_build = opened  # type: ignore[attr-defined]


def opened(matrix: Matrix, name: str, *, host_arch: Any = "amd64", strict_pins: bool = False) -> Build:
    """As :func:`fixtures.builds.build.open_build`."""
    if host_arch == "ppc64el" and isinstance(matrix.build(name), RootBuild):
        return Build(name, Sandbox(Path(os.environ[ROOT])), {"ppc64le": USUAL_PROGRAMS["ppc64le"]})
    return open_build(matrix, name, host_arch=host_arch, strict_pins=strict_pins)
