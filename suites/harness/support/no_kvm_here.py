# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for runs on a machine on which a build without defects boots no guest with KVM.

The answer of a build with defects is not kept, so each run would try it again, which takes 20 s if KVM hangs.
"""

from __future__ import annotations

from pathlib import Path

from fixtures.builds.build import Build
from fixtures.guest import accelerator
from fixtures.matrix.names import Arch


def pytest_configure() -> None:
    """Say `tcg` without a try."""
    accelerator._try_kvm = _tcg


def _tcg(build: Build, arch: Arch, image: Path) -> str:
    return "tcg"
